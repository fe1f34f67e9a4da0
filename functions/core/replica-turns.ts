/**
 * Which replica answers the next read of this isolate.
 *
 * Replicas take turns from a random one on, so that isolates do not all begin with the first. A replica that cannot be reached
 * is left out for a second, then twice as long after each further failure, up to half a minute. After the pause a single
 * read tries it; the others pass it by until that read has answered. A replica that is too old is left out for five seconds.
 * The state is the isolate's own and is lost with it.
 */
import { pauseMs } from './backoff.ts'

/**
 * `behind`: does not show the caller's write. `stale`: older than readers accept. `out`: not reached in time.
 * `cancelled`: replay removed rows that the read needed. After all but `served` the primary answers.
 */
export type ReplicaOutcome = 'served' | 'behind' | 'stale' | 'out' | 'cancelled'

export type ReplicaStanding = {
  outcomes: Readonly<Record<ReplicaOutcome, number>>
  /** Epoch milliseconds until which it is left out; null while it takes part. */
  outUntilMs: number | null
}

export type ReplicaTurns = {
  /** The replica for a read that begins now; null if all are left out. Each returned one must be reported. */
  next(urls: readonly string[], nowMs: number): string | null
  report(url: string, outcome: ReplicaOutcome, nowMs: number): void
  /** How many reads found all replicas left out. */
  leftOut(): number
  standing(url: string, nowMs: number): ReplicaStanding
}

type State = { outcomes: Record<ReplicaOutcome, number>; failures: number; outUntilMs: number }

const pauses = { firstMs: 1_000, factor: 2, longestMs: 25_000 }
const stalePauseMs = 5_000
/** Longer than a read waits for a replica. */
const trialMs = 5_000

export function makeReplicaTurns(random: () => number = Math.random): ReplicaTurns {
  const states = new Map<string, State>()
  let turn: number | null = null
  let leftOut = 0

  function stateOf(url: string): State {
    const known = states.get(url)
    if (known !== undefined) return known
    const state = {
      outcomes: { served: 0, behind: 0, stale: 0, out: 0, cancelled: 0 },
      failures: 0,
      outUntilMs: 0,
    }
    states.set(url, state)
    return state
  }

  function takesPart(url: string, nowMs: number): boolean {
    const state = stateOf(url)
    if (state.outUntilMs > nowMs) return false
    // Its pause is over: this read tries it alone. A read that is cut off reports nothing, so the trial has an end.
    if (state.outUntilMs > 0) state.outUntilMs = nowMs + trialMs
    return true
  }

  return {
    next(urls, nowMs) {
      turn ??= Math.floor(random() * urls.length)
      for (let step = 0; step < urls.length; step += 1) {
        const url = urls[turn++ % urls.length]
        if (url !== undefined && takesPart(url, nowMs)) return url
      }
      leftOut += 1
      return null
    },
    leftOut: () => leftOut,
    report(url, outcome, nowMs) {
      const state = stateOf(url)
      state.outcomes[outcome] += 1
      state.failures = outcome === 'out' ? state.failures + 1 : 0
      if (outcome === 'out')
        state.outUntilMs = nowMs + pauseMs(pauses, { tries: state.failures, random: random() })
      else state.outUntilMs = outcome === 'stale' ? nowMs + stalePauseMs : 0
    },
    standing(url, nowMs) {
      const { outcomes, outUntilMs } = stateOf(url)
      return { outcomes: { ...outcomes }, outUntilMs: outUntilMs > nowMs ? outUntilMs : null }
    },
  }
}
