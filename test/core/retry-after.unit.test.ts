import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retryAfterMs } from '../../functions/core/retry-after.ts'

const now = new Date('2026-11-20T10:00:00Z')
const atMostMs = 21_600_000
const read = (value: string) => retryAfterMs(new Headers({ 'retry-after': value }), { now, atMostMs })

describe('Retry-After', () => {
  it('is read as seconds or as an HTTP date', () => {
    expect(read('0')).toBe(0)
    expect(read('120')).toBe(120_000)
    expect(read('Fri, 20 Nov 2026 10:01:00 GMT')).toBe(60_000)
    expect(read('Fri, 20 Nov 2026 09:00:00 GMT')).toBe(0)
  })

  it.each(['999999999', '9'.repeat(400), 'Sun, 20 Nov 2036 10:00:00 GMT'])(
    'is bounded by the caller: %s',
    (value) => {
      expect(read(value)).toBe(atMostMs)
    },
  )

  it.each(['', 'soon', '-5', '5.5', '1e9', '0x10', '2026-11-20', 'Nov 20', 'NaN', '1 2'])(
    'is absent, not zero, when it is neither: %j',
    (value) => {
      expect(read(value)).toBeNull()
    },
  )

  it('is null or lies between zero and the bound, whatever a server sends', () => {
    const printable = fc.stringMatching(/^[ -~]{0,40}$/)
    fc.assert(
      fc.property(printable, (value) => {
        const ms = read(value) ?? 0
        expect(ms >= 0 && ms <= atMostMs).toBe(true)
      }),
    )
  })

  it('would be taken for "at once" by a lenient reader of dates', () => {
    const lenient = (value: string) => Math.max(0, Date.parse(value) - now.getTime())
    expect(lenient('-5')).toBe(0)
    expect(lenient('5.5')).toBe(0)
  })
})
