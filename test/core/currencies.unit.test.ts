import { expect, it } from 'vitest'
import { NewCampaign } from '../../functions/clicks/campaigns/contract.ts'
import { readPostback } from '../../functions/clicks/conversions/read-postback.ts'
import { currencies } from '../../functions/core/currencies.ts'
import { NewPayment } from '../../functions/ledger/payments/contract.ts'

const codes = currencies.map(({ code }) => code)

it('each currency has the decimals of ISO 4217', () => {
  const exponent = new Map(currencies.map(({ code, exponent }) => [code, exponent]))
  expect(Object.fromEntries(['USD', 'JPY', 'KWD', 'CLF'].map((code) => [code, exponent.get(code)]))).toEqual({
    USD: 2,
    JPY: 0,
    KWD: 3,
    CLF: 4,
  })
  expect(new Set(codes).size).toBe(164)
  expect(codes.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true)
})

const source = { id: 1, owner: 'admin', slug: 'net', secrets: [], paramMap: {}, statusMap: {} }

const readers = {
  'a deposit': (currency: string) =>
    NewPayment.safeParse({ userId: 'ada', amountMinor: 1, currency }).success,
  'a campaign': (currency: string) =>
    NewCampaign.safeParse({ slug: 'spring', name: 'Spring', currency }).success,
  'a postback': (currency: string) => {
    try {
      return readPostback(source, { clickid: crypto.randomUUID(), currency }).clickId !== ''
    } catch {
      return false
    }
  },
}

// Some that a runtime's Intl has, because their countries had them once; units between banks, metals and no code at all.
const others = 'ANG BGN CUC HRK SLL ZWL XSU XDR XAD XUA XAU XTS XXX XXY US USDT'.split(' ')

it.each(Object.entries(readers))('%s takes each of these currencies and no other code', (_, takes) => {
  expect(codes.filter((code) => !takes(code))).toEqual([])
  expect(others.filter(takes)).toEqual([])
})

it('a blank code is no currency, and one in lower case is one in a postback only', () => {
  const taking = (code: string) =>
    Object.entries(readers).flatMap(([name, takes]) => (takes(code) ? [name] : []))
  expect(taking('usd')).toEqual(['a postback'])
  // A postback with a blank parameter names no currency.
  expect(taking('')).toEqual(['a postback'])
})
