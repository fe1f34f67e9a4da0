export type SearchStart = {
  /** The id after which the next search starts. */
  at(nowMs: number): number
  /** A search ended at this order. */
  passed(id: number): void
}

const uses = 500
const lifetimeMs = 1_000

/**
 * Remembers where the last search for the oldest order ended. While any transaction stays open, the head of the index is
 * full of dead entries; a search that starts past them keeps the cost of a claim level. The start is a hint: a search
 * that finds nothing after it looks before it, and it returns to 0 after a second or 500 searches.
 */
export function makeSearchStart(): SearchStart {
  let [start, used, since] = [0, 0, 0]
  return {
    at(nowMs) {
      used += 1
      if (used >= uses || nowMs - since >= lifetimeMs) [start, used, since] = [0, 0, nowMs]
      return start
    },
    passed(id) {
      start = Math.max(start, id)
    },
  }
}
