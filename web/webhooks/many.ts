import { noun } from '../parts/numbers.ts'

/** One request sends so many again; its answer names where to go on. */
const mostAtOnce = 1_000

/** The effect of the button, and the number that its user types. */
export function replayOf(count: number, isWhole: boolean, what: string): { label: string; count: number } {
  const here = isWhole ? Math.min(count, mostAtOnce) : mostAtOnce
  const events = `${here} ${what}${noun(here, 'event')}`
  if (isWhole && count <= mostAtOnce)
    return { label: `Replay ${noun(here, 'this', 'these')} ${events}`, count: here }
  return { label: `Replay ${isWhole ? 'the first' : 'up to'} ${events}`, count: here }
}
