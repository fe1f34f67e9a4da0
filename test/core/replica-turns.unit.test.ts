import { describe, expect, it } from 'vitest'
import { makeReplicaTurns } from '../../functions/core/replica-turns.ts'

const [one, two] = ['one', 'two']
const second = 1_000

describe('replicas', () => {
  it('take turns from a random one on', () => {
    const first = (random: number) => makeReplicaTurns(() => random).next([one, two], 0)
    expect([first(0.2), first(0.7)]).toEqual([one, two])
    const turns = makeReplicaTurns(() => 0)
    expect([1, 2, 3, 4].map(() => turns.next([one, two], 0))).toEqual([one, two, one, two])
  })

  it('are left out for a second after a failure, twice as long after each further one, up to half a minute', () => {
    const turns = makeReplicaTurns(() => 0.5)
    const pauses: number[] = []
    let now = 0
    for (let failure = 0; failure < 8; failure += 1) {
      expect(turns.next([one], now)).toBe(one)
      turns.report(one, 'out', now)
      const until = turns.standing(one, now).outUntilMs ?? 0
      pauses.push((until - now) / second)
      expect(turns.next([one], until - 1)).toBeNull()
      now = until
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 25, 25, 25])
    const longest = makeReplicaTurns(() => 1)
    for (let failure = 0; failure < 8; failure += 1) longest.report(one, 'out', 0)
    expect(longest.standing(one, 0).outUntilMs).toBe(30 * second)
  })

  it('are tried by a single read after their pause, and come back when it is answered', () => {
    const turns = makeReplicaTurns(() => 0)
    turns.report(one, 'out', 0)
    const tries = [1, 2, 3].map(() => turns.next([one, two], 2 * second))
    expect(tries).toEqual([one, two, two])
    turns.report(one, 'served', 2 * second)
    const later = new Set([1, 2].map(() => turns.next([one, two], 2 * second)))
    expect(later).toEqual(new Set([one, two]))
  })

  it('are tried again when the read that tried them was cut off', () => {
    const turns = makeReplicaTurns(() => 0)
    turns.report(one, 'out', 0)
    expect(turns.next([one], 2 * second)).toBe(one)
    expect(turns.next([one], 6 * second)).toBeNull()
    expect(turns.next([one], 7 * second)).toBe(one)
  })

  it('count the reads that found all of them left out', () => {
    const turns = makeReplicaTurns(() => 0)
    for (const url of [one, two]) turns.report(url, 'out', 0)
    expect([1, 2].map(() => turns.next([one, two], 0))).toEqual([null, null])
    expect(turns.next([one, two], 2 * second)).toBe(one)
    expect(turns.leftOut()).toBe(2)
  })

  it('are left out for five seconds when they are too old', () => {
    const turns = makeReplicaTurns(() => 0)
    turns.report(one, 'stale', 0)
    expect([turns.next([one], 4_999), turns.next([one], 5_000)]).toEqual([null, one])
  })

  it('go on answering others after a read that they were behind for, or that replay cancelled', () => {
    const turns = makeReplicaTurns(() => 0)
    for (const outcome of ['behind', 'cancelled'] as const) turns.report(one, outcome, 0)
    expect(turns.next([one], 0)).toBe(one)
    expect(turns.standing(one, 0)).toEqual({
      outcomes: { served: 0, behind: 1, stale: 0, out: 0, cancelled: 1 },
      outUntilMs: null,
    })
  })
})
