/** The pauses between attempts grow by a factor up to a longest pause. Pure, so a caller passes its own random number. */
export type Backoff = { firstMs: number; factor: number; longestMs: number }

type Failed = {
  /** Failed attempts so far, at least one. */
  tries: number
  /** From 0 to 1. It moves the pause by up to a fifth either way, so that calls that failed together return apart. */
  random: number
  /** The receiver's Retry-After. It counts up to the longest pause. */
  atLeastMs?: number | null
}

/** Milliseconds until the next attempt. */
export function pauseMs(
  { firstMs, factor, longestMs }: Backoff,
  { tries, random, atLeastMs }: Failed,
): number {
  const jittered = Math.min(firstMs * factor ** (tries - 1), longestMs) * (0.8 + 0.4 * random)
  return Math.round(Math.max(jittered, Math.min(atLeastMs ?? 0, longestMs)))
}
