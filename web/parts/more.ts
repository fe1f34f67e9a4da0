/*
 * The rows of a keyset-paged list that has grown by further pages. A cursor continues after the first page that it came
 * with. So while further rows are shown, a newer first page does not replace that one: rows between the two would be
 * missing or doubled. Rows that both pages have are shown as they are now, and the rest waits behind a button.
 */

export type PageOf<T> = { data: T[]; nextCursor: string | null }

/** Further pages, with the first page that they continue. */
export type More<T> = {
  first: PageOf<T>
  rows: readonly T[]
  places: readonly string[]
  next: string | null
  /** Changes of these rows may have been missed since they were read. */
  isGap?: boolean
}

export type Grown<T> = {
  rows: readonly T[]
  keys: ReadonlySet<unknown>
  /** The place of each row in the answer that it came from. */
  places: readonly string[]
  next: string | null
  /** Rows of the newest first page that are not shown. */
  fresh: readonly T[]
  /** The list is not as it would be if it were read from its top. */
  isOld: boolean
}

/**
 * The pages after a gap in the events: each row as it was last known. A newer first page shows what became of its rows;
 * of the others nobody knows, so the list is old.
 */
export function afterGap<T>(more: More<T>, known: (row: T) => T): More<T> {
  const first = { ...more.first, data: more.first.data.map(known) }
  return { ...more, first, rows: more.rows.map(known), isGap: true }
}

export function withPage<T>(more: More<T>, page: PageOf<T>, at: string): More<T> {
  return {
    ...more,
    rows: [...more.rows, ...page.data],
    places: [...more.places, ...page.data.map((_, index) => `${at}#data.${index}`)],
    next: page.nextCursor,
  }
}

export function grown<T>(
  newest: PageOf<T>,
  more: More<T> | null,
  { path, keyOf }: { path: string; keyOf: (row: T) => unknown },
): Grown<T> {
  const placeOf = (_: unknown, index: number) => `${path}#data.${index}`
  const places = newest.data.map(placeOf)
  if (more === null) {
    const keys = new Set(newest.data.map(keyOf))
    return { rows: newest.data, keys, places, next: newest.nextCursor, fresh: [], isOld: false }
  }
  const indexes = new Map(newest.data.map((row, index) => [keyOf(row), index]))
  const shown = [...more.first.data, ...more.rows]
  const keys = new Set(shown.map(keyOf))
  const fresh = newest.data.filter((row) => !keys.has(keyOf(row)))
  const nowAt = (row: T) => indexes.get(keyOf(row)) ?? -1
  const then = [...more.first.data.map(placeOf), ...more.places]
  return {
    rows: shown.map((row) => newest.data[nowAt(row)] ?? row),
    keys,
    places: shown.map((row, index) => places[nowAt(row)] ?? then[index] ?? ''),
    next: more.next,
    fresh,
    // A row that has left the list makes a short first page, or moves rows of the second page into it.
    isOld: more.isGap === true || fresh.length > 0 || more.first.data.some((row) => nowAt(row) < 0),
  }
}
