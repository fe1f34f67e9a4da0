import { expect, it } from 'vitest'
import { Currency, currencies } from '../../../functions/ledger/currencies/contract.ts'

it('accepts the currencies of ISO 4217 with their exponents and no others', () => {
  const exponent = new Map(currencies.map(({ code, exponent }) => [code, exponent]))
  expect(Object.fromEntries(['USD', 'JPY', 'KWD', 'CLF'].map((code) => [code, exponent.get(code)]))).toEqual({
    USD: 2,
    JPY: 0,
    KWD: 3,
    CLF: 4,
  })
  expect(new Set(exponent.keys()).size).toBe(currencies.length)
  expect(currencies.every(({ code }) => /^[A-Z]{3}$/.test(code))).toBe(true)
  for (const code of ['usd', 'XXX', 'US', 'XAU', '']) expect(Currency.safeParse(code).success).toBe(false)
})
