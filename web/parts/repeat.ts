const pausesMs = [500, 1_000, 2_000, 4_000]
/** A longer wait is left to the user, who sees the problem meanwhile. */
const longestMs = 10_000

/** The members of a problem that say whether to repeat. */
type Unanswered = {
  status: number
  code: string
  retryAfter: number | null
  more: Readonly<Record<string, unknown>>
}

/**
 * Whether the call may have had its effect although no answer says so. Then only its own key makes a repetition safe, and
 * any key finds out what became of it.
 */
export function isUnanswered({ status, code, more }: Unanswered): boolean {
  return status === 0 || status >= 500 || code === 'in_progress' || more['outcome'] === 'unknown'
}

/** The server says that this sending had no effect. One before it may have had it. */
export function hadNoEffect({ more }: Pick<Unanswered, 'more'>): boolean {
  return more['outcome'] === 'none'
}

/**
 * The pause before a call is sent again by itself, or null. A lost reply is requested until it comes. A server that
 * fails gets four repetitions, each after the pause that it names.
 */
export function repeatAfterMs(problem: Unanswered, repetitions: number): number | null {
  if (!isUnanswered(problem)) return null
  const pause = pausesMs[Math.min(repetitions, pausesMs.length - 1)] ?? longestMs
  const isLost = problem.status === 0 || problem.code === 'in_progress'
  // It had no effect, and the server names no time at which it could have one.
  const isSettled = hadNoEffect(problem) && problem.retryAfter === null
  if (!isLost && (isSettled || repetitions >= pausesMs.length)) return null
  const wanted = Math.max(pause, (problem.retryAfter ?? 0) * 1_000)
  return wanted > longestMs ? null : wanted
}
