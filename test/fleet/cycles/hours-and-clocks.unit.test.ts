import { describe, expect, it } from 'vitest'
import { type Hours, isDue } from '../../../functions/fleet/decide.ts'

const hour = 3_600
const at = (moment: string) => Date.parse(moment)
const due = (moment: string, hours: Partial<Hours>, zone = 'Europe/Berlin') =>
  isDue(at(moment), { from: null, until: null, clock: 'local', ...hours }, zone)

/** The quarters of an hour, from this moment on, at which the target begins to hold. */
function starts(from: string, hours: Partial<Hours>, zone?: string): string[] {
  const quarters = Array.from({ length: 100 }, (_, n) => new Date(at(from) + n * 900_000).toISOString())
  return quarters.filter(
    (moment) => due(moment, hours, zone) && !due(new Date(at(moment) - 900_000).toISOString(), hours, zone),
  )
}

describe('local hours of a target', () => {
  const night = { from: 2.5 * hour, until: 4 * hour }

  it('starts 02:30 at 03:00 on the short day', () => {
    expect(starts('2026-03-28T23:00:00Z', night)).toEqual(['2026-03-29T01:00:00.000Z'])
  })

  it('starts 02:30 once on the long day, at the first of the two', () => {
    expect(starts('2026-10-24T22:00:00Z', night)).toEqual(['2026-10-25T00:30:00.000Z'])
    expect(due('2026-10-25T01:15:00Z', night)).toBe(true)
    expect(due('2026-10-25T03:00:00Z', night)).toBe(false)
  })

  it('ends once on the long day', () => {
    const early = { from: hour, until: 2.5 * hour }
    expect(starts('2026-10-24T21:00:00Z', early)).toEqual(['2026-10-24T23:00:00.000Z'])
    expect(due('2026-10-25T01:15:00Z', early)).toBe(false)
  })

  it('starts once where the clock goes back over midnight', () => {
    expect(
      starts('2026-11-01T03:00:00Z', { from: 0.5 * hour, until: 2 * hour }, 'America/Havana'),
    ).toHaveLength(1)
  })

  it('ignores summer time by the standard clock', () => {
    const standard = { ...night, clock: 'standard' } as const
    expect(starts('2026-06-30T22:00:00Z', standard)).toEqual(['2026-07-01T01:30:00.000Z'])
    expect(starts('2026-01-14T22:00:00Z', standard)).toEqual(['2026-01-15T01:30:00.000Z'])
    expect(starts('2026-07-14T12:00:00Z', standard, 'Australia/Lord_Howe')).toEqual([
      '2026-07-14T16:00:00.000Z',
    ])
  })

  it('may go over midnight', () => {
    const evening = { from: 22 * hour, until: 6 * hour }
    expect(due('2026-01-15T20:59:00Z', evening)).toBe(false)
    expect(due('2026-01-15T21:00:00Z', evening)).toBe(true)
    expect(due('2026-01-16T04:59:00Z', evening)).toBe(true)
    expect(due('2026-01-16T05:00:00Z', evening)).toBe(false)
  })
})
