import { describe, expect, it } from 'vitest'
import { replayOf } from '../../../web/webhooks/many.ts'

describe('the button of a replay', () => {
  it('names how many events it sends, and wants the same number typed', () => {
    expect(replayOf(12, true, 'dead ')).toEqual({ label: 'Replay these 12 dead events', count: 12 })
    expect(replayOf(1, true, '')).toEqual({ label: 'Replay this 1 event', count: 1 })
  })

  it('names the thousand that one request sends when there are more, or too many to count', () => {
    expect(replayOf(1_400, true, '')).toEqual({ label: 'Replay the first 1000 events', count: 1_000 })
    expect(replayOf(30, false, 'dead ')).toEqual({ label: 'Replay up to 1000 dead events', count: 1_000 })
  })
})
