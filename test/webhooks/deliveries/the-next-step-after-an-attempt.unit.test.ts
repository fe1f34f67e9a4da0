import { describe, expect, it } from 'vitest'
import { type Backoff, pauseMs } from '../../../functions/core/backoff.ts'
import { nextStep } from '../../../functions/webhooks/rules.ts'

const backoff: Backoff = { firstMs: 5_000, factor: 4, longestMs: 6 * 3_600_000 }
const now = new Date('2026-11-20T12:00:00Z')
const after = (outcome: string, status: number | null, pauseMs = 5_000) =>
  nextStep({ outcome, status }, { tries: 4, giveUpAt: '2026-11-20T12:03:00Z', now, pauseMs })

describe('a delivery after an attempt', () => {
  it('is delivered after a 2xx', () => {
    expect(after('delivered', 204)).toEqual({ state: 'delivered' })
  })

  it('waits for the pause after a failure', () => {
    expect(after('refused', 500)).toEqual({ state: 'waiting', afterMs: 5_000 })
    expect(after('timeout', null)).toEqual({ state: 'waiting', afterMs: 5_000 })
  })

  it('waits until two minutes before the end when its pause would outlast the three days', () => {
    expect(after('refused', 500, 6 * 3_600_000)).toEqual({ state: 'waiting', afterMs: 60_000 })
  })

  it('is dead after the attempt at the end of its three days', () => {
    const last = (giveUpAt: string) =>
      nextStep({ outcome: 'refused', status: 500 }, { tries: 4, giveUpAt, now, pauseMs: 5_000 })
    const dead = { state: 'dead', reason: 'refused (500), after 4 attempts' }
    expect(last('2026-11-20T12:02:00Z')).toEqual(dead)
    expect(last('2026-11-20T11:59:00Z')).toEqual(dead)
  })

  it('is attempted for three days, whatever pause the receiver asks for', () => {
    const days = 3 * 86_400_000
    const attempts = (wishMs: number, pause = pauseMs) => {
      let [at, tries] = [0, 0]
      const giveUpAt = new Date(now.getTime() + days).toISOString()
      for (;;) {
        tries += 1
        const failed = { tries, giveUpAt, now: new Date(now.getTime() + at) }
        const step = nextStep(
          { outcome: 'rate_limited', status: 429 },
          { ...failed, pauseMs: pause(backoff, { tries, random: 0.5, atLeastMs: wishMs }) },
        )
        if (step.state !== 'waiting') return { tries, hours: Math.round(at / 3_600_000) }
        at += step.afterMs
      }
    }
    expect(attempts(0)).toEqual({ tries: 19, hours: 72 })
    expect(attempts(999_999_999_000)).toEqual({ tries: 13, hours: 72 })
    // Control: with a pause that follows the wish, the receiver gets one more attempt, at the very end.
    const obedient: typeof pauseMs = (_, { atLeastMs }) => atLeastMs ?? 0
    expect(attempts(999_999_999_000, obedient)).toEqual({ tries: 2, hours: 72 })
  })

  it('is dead at once when the receiver answers that it is gone', () => {
    expect(after('gone', 410)).toEqual({ state: 'dead', reason: 'gone (410)' })
  })
})
