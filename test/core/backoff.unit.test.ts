import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Backoff, pauseMs } from '../../functions/core/backoff.ts'

const backoff: Backoff = { firstMs: 5_000, factor: 4, longestMs: 6 * 3_600_000 }
const middle = 0.5

describe('the pauses between attempts', () => {
  it('grow by the factor until the longest pause', () => {
    const pauses = [1, 2, 3, 4, 7, 8, 9].map((tries) => pauseMs(backoff, { tries, random: middle }))
    expect(pauses).toEqual([5_000, 20_000, 80_000, 320_000, 20_480_000, 21_600_000, 21_600_000])
  })

  it('differ by up to a fifth either way', () => {
    expect(pauseMs(backoff, { tries: 2, random: 0 })).toBe(16_000)
    expect(pauseMs(backoff, { tries: 2, random: 1 })).toBe(24_000)
  })

  it('are never shorter than the receiver requires', () => {
    expect(pauseMs(backoff, { tries: 1, random: middle, atLeastMs: 3_600_000 })).toBe(3_600_000)
    expect(pauseMs(backoff, { tries: 3, random: middle, atLeastMs: 1_000 })).toBe(80_000)
    expect(pauseMs(backoff, { tries: 1, random: middle, atLeastMs: null })).toBe(5_000)
  })

  it('never outgrow the longest pause because the receiver requires more', () => {
    expect(pauseMs(backoff, { tries: 1, random: middle, atLeastMs: 999_999_999_000 })).toBe(21_600_000)
    expect(pauseMs(backoff, { tries: 1, random: middle, atLeastMs: Number.POSITIVE_INFINITY })).toBe(
      21_600_000,
    )
  })

  it('are finite whole milliseconds, also after a thousand attempts', () => {
    const failed = fc.record({
      tries: fc.integer({ min: 1, max: 1_000 }),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(failed, (one) => {
        const ms = pauseMs(backoff, one)
        expect(Number.isSafeInteger(ms)).toBe(true)
        expect(ms).toBeGreaterThanOrEqual(4_000)
        expect(ms).toBeLessThanOrEqual(1.2 * backoff.longestMs)
      }),
    )
  })
})
