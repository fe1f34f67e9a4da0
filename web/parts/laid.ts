import { type ReadonlySignal, type Signal, signal } from '@preact/signals'

/*
 * The word of the stream on the rows of a list: the newest state of each, and which rows are new. Each row has a signal, so
 * that a change draws its own row and costs the same in a list of a thousand.
 */

export type Laid<T> = {
  /** The row as the stream has it. It draws its reader again when that changes. */
  now: (row: T) => T
  /** A row that is not shown waits until the list is read again. */
  take: (row: T, isShown: boolean) => void
  /** The keys of the rows that wait. */
  waiting: ReadonlySignal<ReadonlySet<unknown>>
  /** Events are missing from here on. */
  gap: () => void
  /** The list was read after the gap. A change from before the gap may be older than that answer, so it goes. */
  mend: () => void
  forget: () => void
}

/** Further rows that wait are not counted, so a page that stays open for days does not grow with them. */
export const mostWaiting = 1_000

export function laidOver<T>(keyOf: (row: T) => unknown): Laid<T> {
  const newest = signal(new Map<unknown, Signal<T | null>>())
  const waiting = signal<ReadonlySet<unknown>>(new Set())
  let before: ReadonlyMap<unknown, T | null> | null = null

  function newestOf(key: unknown, rows = newest.peek()): Signal<T | null> {
    const known = rows.get(key)
    if (known !== undefined) return known
    const made = signal<T | null>(null)
    rows.set(key, made)
    return made
  }

  return {
    now: (row) => newestOf(keyOf(row), newest.value).value ?? row,
    take(row, isShown) {
      const key = keyOf(row)
      if (!isShown && !waiting.peek().has(key)) {
        if (waiting.peek().size >= mostWaiting) return
        waiting.value = new Set(waiting.peek()).add(key)
      }
      newestOf(key).value = row
    },
    waiting,
    gap() {
      before = new Map([...newest.peek()].map(([key, row]) => [key, row.peek()]))
    },
    mend() {
      if (before === null) return
      const old = before
      before = null
      const since = [...newest.peek()].filter(([key, row]) => row.peek() !== (old.get(key) ?? null))
      newest.value = new Map(since)
      waiting.value = new Set([...waiting.peek()].filter((key) => newest.peek().has(key)))
    },
    forget() {
      before = null
      newest.value = new Map()
      waiting.value = new Set()
    },
  }
}
