import { describe, expect, it } from 'vitest'
import { hourMs, minuteMs, windowOf } from '../../web/parts/window.ts'

const at = (iso: string, stretch: Parameters<typeof windowOf>[1]) => windowOf(Date.parse(iso), stretch)

describe('a window of time until now', () => {
  it('holds this moment and moves on when its step is over', () => {
    const aDay = { hours: 24, stepMs: hourMs }
    const before = { from: '2026-11-27T08:00:00.000Z', to: '2026-11-28T08:00:00.000Z' }
    expect(at('2026-11-28T07:00:01Z', aDay)).toEqual(before)
    expect(at('2026-11-28T07:59:00Z', aDay)).toEqual(before)
    expect(at('2026-11-28T08:01:00Z', aDay)).toEqual({
      from: '2026-11-27T09:00:00.000Z',
      to: '2026-11-28T09:00:00.000Z',
    })
  })

  it('asks the same question within a step, so that its answer may be unchanged', () => {
    const sixHours = { hours: 6, stepMs: 10 * minuteMs }
    expect(at('2026-11-28T07:11:00Z', sixHours)).toEqual(at('2026-11-28T07:19:00Z', sixHours))
  })
})
