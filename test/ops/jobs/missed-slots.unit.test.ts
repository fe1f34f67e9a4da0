import { describe, expect, it } from 'vitest'
import { missedSlots } from '../../../functions/ops/jobs/list.ts'

const now = new Date('2026-11-20T12:00:30Z')
const at = (...times: string[]) => times.map((time) => Date.parse(`2026-11-20T${time}:00Z`))
/** As Postgres returns them: the first and the last finished slot, and every pair of neighbours. */
const done = (slots: number[]) => ({
  between: slots.length === 0 ? null : ([slots[0] ?? 0, slots.at(-1) ?? 0] as const),
  gaps: slots.slice(1).map((slot, index) => [slots[index] ?? 0, slot] as const),
})
const missed = (cron: string, slots: number[], first = slots[0] ?? null) =>
  missedSlots(cron, { first, ...done(slots), pauses: [] }, now).missed

describe('missedSlots', () => {
  it('counts the slots of the schedule that no run did', () => {
    expect(missed('*/15 * * * *', at('11:00', '11:15', '11:30', '11:45'))).toBe(0)
    expect(missed('*/15 * * * *', at('11:00', '11:45'))).toBe(2)
  })

  it('counts nothing for a job that has never run', () => {
    expect(missed('* * * * *', [])).toBe(0)
  })

  it('does not count the slot of the current minute, which may still be running', () => {
    expect(missed('* * * * *', at('11:58', '11:59'))).toBe(0)
  })

  it('counts from the first finished slot, so a new job has missed nothing', () => {
    expect(missed('0 * * * *', at('11:00'))).toBe(0)
  })

  it('counts one day for a job that has not run for longer, without the current minute', () => {
    expect(missed('0 * * * *', [], Date.parse('2026-11-10T00:00:00Z'))).toBe(23)
  })

  it('counts slots during a pause apart, without the one at which the pause ends', () => {
    const [from = 0, to = 0] = at('11:15', '11:45')
    expect(
      missedSlots('*/15 * * * *', { first: from - 900_000, ...done([]), pauses: [[from, to]] }, now),
    ).toEqual({ missed: 1, paused: 2 })
  })
})
