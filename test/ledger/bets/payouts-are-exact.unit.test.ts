import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Odds } from '../../../functions/ledger/bets/contract.ts'
import { AmountMinor, maxMinor } from '../../../functions/ledger/contract.ts'
import { payoutOf } from '../../../functions/ledger/decide.ts'

describe('a payout', () => {
  it.each([
    [1_000, '2.50', 2_500n],
    [1, '1.5', 2n],
    [3, '1.5', 4n],
    [5, '1.5', 8n],
    [1, '2.5', 2n],
    [1, '1.49999999', 1n],
    [1, '1.50000001', 2n],
    [333, '3', 999n],
    [maxMinor, '1.00000000', BigInt(maxMinor)],
    [maxMinor, '999999.99999999', 9007199254740900928007n],
  ])('of stake %d at odds %s is %d, rounded half to even', (stake, odds, payout) => {
    expect(payoutOf(stake, odds)).toBe(payout)
  })

  it('is the integer nearest to stake times odds, and the even one of two equally near', () => {
    const decimals = fc.tuple(fc.integer({ min: 1, max: 999_999 }), fc.stringMatching(/^\d{0,8}$/))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: maxMinor }), decimals, (stake, [whole, places]) => {
        const odds = places === '' ? `${whole}` : `${whole}.${places}`
        const unit = 10n ** BigInt(places.length)
        const exact = BigInt(stake) * BigInt(`${whole}${places}`)
        const payout = payoutOf(stake, odds)
        const off = exact - payout * unit
        const twice = (off < 0n ? -off : off) * 2n
        expect(twice <= unit).toBe(true)
        expect(twice < unit || payout % 2n === 0n).toBe(true)
      }),
    )
  })
})

describe('the contract', () => {
  it.each(['0.99', '0', '1,5', '1e3', '+2', ' 2', '2.', '2.123456789', '1000000', '02.0', 'NaN'])(
    'rejects "%s" as odds',
    (text) => {
      expect(Odds.safeParse(text).success).toBe(false)
    },
  )

  it.each([0, -1, 1.5, maxMinor + 1, Number.NaN, '1', null])('rejects %s as an amount', (value) => {
    expect(AmountMinor.safeParse(value).success).toBe(false)
  })
})
