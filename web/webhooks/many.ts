/** One request sends so many again; its answer names where to go on. */
const mostAtOnce = 1_000

/** The effect of the button, and the number that its user types. */
export function replayOf(count: number, isWhole: boolean, what: string): { label: string; count: number } {
  const here = isWhole ? Math.min(count, mostAtOnce) : mostAtOnce
  const events = here === 1 ? `${what}event` : `${what}events`
  if (isWhole && count <= mostAtOnce)
    return { label: `Replay ${here === 1 ? 'this' : 'these'} ${here} ${events}`, count: here }
  return { label: `Replay ${isWhole ? 'the first' : 'up to'} ${here} ${events}`, count: here }
}
