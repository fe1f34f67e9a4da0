/** An event is attempted for so long; then its delivery is dead. */
export const deliveryDays = 3

/** The pauses between the attempts of a delivery: 5 s, 20 s, 80 s and so on, at most six hours. */
export const attemptPauses = { firstMs: 5_000, factor: 4, longestMs: 6 * 3_600_000 }

/** After so many failures in a row a webhook gets one attempt at a time, with growing pauses. */
export const failuresToPause = 5

/** A secret begins with it, as Standard Webhooks requires. */
export const secretPrefix = 'whsec_'

/** A webhook may send so many test events at once, and one more every so many seconds. */
export const testLimit = { burst: 6, everySeconds: 10 } as const

/** The wanted names that select none of the known events. `order.*` selects all events of orders, and `*` all events. */
export function unknownEvents(wanted: readonly string[], known: readonly string[]): string[] {
  const selects = (name: string, event: string) =>
    name === event || name === '*' || (name.endsWith('.*') && event.startsWith(name.slice(0, -1)))
  return wanted.filter((name) => !known.some((event) => selects(name, event)))
}

/** The result of an attempt. */
type Attempted = { outcome: string; status: number | null }

/** The last attempt begins so long before the three days end, and is over by then. */
const lastChanceMs = 120_000

type Progress = { tries: number; giveUpAt: string; now: Date; pauseMs: number }

export type NextStep =
  | { state: 'delivered' }
  | { state: 'dead'; reason: string }
  | { state: 'waiting'; afterMs: number }

/**
 * The state of a delivery after an attempt. A pause that would outlast `giveUpAt` is cut, so the last attempt is made at
 * the end of the three days, even if the receiver requires a longer pause.
 */
export function nextStep(
  { outcome, status }: Attempted,
  { tries, giveUpAt, now, pauseMs }: Progress,
): NextStep {
  if (outcome === 'delivered') return { state: 'delivered' }
  const reason = status === null ? outcome : `${outcome} (${status})`
  if (outcome === 'gone') return { state: 'dead', reason }
  const leftMs = Date.parse(giveUpAt) - lastChanceMs - now.getTime()
  if (leftMs > 0) return { state: 'waiting', afterMs: Math.min(pauseMs, leftMs) }
  return { state: 'dead', reason: `${reason}, after ${tries} attempts` }
}
