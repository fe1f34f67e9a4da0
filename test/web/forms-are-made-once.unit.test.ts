import { afterEach, describe, expect, it, vi } from 'vitest'
import { money } from '../../web/parts/numbers.ts'
import { day, moment, shortDay, timeOfDay, zone } from '../../web/parts/times.ts'

afterEach(() => {
  vi.restoreAllMocks()
  zone.value = 'local'
})

/** How a list of a thousand rows writes. */
function writeAll(): string[] {
  return Array.from({ length: 1_000 }, (_, n) => {
    const at = Date.UTC(2026, 10, 28, 12, 0, n)
    const short = moment(at, { short: true })
    const texts = [moment(at), moment(at, { inZone: 'UTC' }), short, timeOfDay(at), day(at), shortDay(at)]
    return [...texts, money(n, n % 2 === 0 ? 'USD' : 'JPY')].join('; ')
  })
}

describe('a long list', () => {
  it('makes no form of times or money for each of its rows', () => {
    const dates = vi.spyOn(Intl, 'DateTimeFormat')
    const numbers = vi.spyOn(Intl, 'NumberFormat')
    writeAll()
    expect(dates.mock.calls.length).toBeLessThan(10)
    expect(numbers.mock.calls.length).toBeLessThan(5)
  })

  it('is written in the zone that its reader has chosen last', () => {
    zone.value = 'UTC'
    const [first = ''] = writeAll()
    // The language is that of the machine, the numbers and the zone are not.
    expect(first).toMatch(/12:00:00 UTC; .* 12:00 UTC; 12:00; .*; 0\.00 USD$/)
  })
})
