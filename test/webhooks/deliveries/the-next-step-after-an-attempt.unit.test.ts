import { describe, expect, it } from 'vitest'
import { nextStep } from '../../../functions/webhooks/rules.ts'

const now = new Date('2026-11-20T12:00:00Z')
const after = (outcome: string, status: number | null, pauseMs = 5_000) =>
  nextStep({ outcome, status }, { tries: 4, giveUpAt: '2026-11-20T12:00:10Z', now, pauseMs })

describe('a delivery after an attempt', () => {
  it('is delivered after a 2xx', () => {
    expect(after('delivered', 204)).toEqual({ state: 'delivered' })
  })

  it('waits for the pause after a failure', () => {
    expect(after('refused', 500)).toEqual({ state: 'waiting', afterMs: 5_000 })
    expect(after('timeout', null)).toEqual({ state: 'waiting', afterMs: 5_000 })
  })

  it('is dead when the next attempt would come after its three days', () => {
    expect(after('refused', 500, 10_000)).toEqual({
      state: 'dead',
      reason: 'refused (500), after 4 attempts',
    })
    expect(after('timeout', null, 60_000)).toEqual({ state: 'dead', reason: 'timeout, after 4 attempts' })
  })

  it('is dead at once when the receiver answers that it is gone', () => {
    expect(after('gone', 410)).toEqual({ state: 'dead', reason: 'gone (410)' })
  })
})
