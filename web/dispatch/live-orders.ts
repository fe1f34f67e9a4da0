import type { FeedEvent } from '../parts/gathered.ts'
import { isLive, type Listed, listedOf, newestFirst, type Whole } from './order.ts'

export type Orders = { data: Listed[]; nextCursor: string | null }
/** Of each order its newest event: the order, or null if the caller may no longer see it. */
export type Newer = ReadonlyMap<number, Listed | null>

/** The events of a burst that are newer than what is known, and what is known with them. */
export function taken(
  newer: Newer,
  burst: readonly FeedEvent[],
): { newer: Newer; news: readonly FeedEvent[] } {
  const now = new Map(newer)
  const news = burst.filter(({ data }) => {
    const { orderId, order } = data as { orderId: number; order: Whole | null }
    const known = now.get(orderId)
    if (order !== null && known && known.version >= order.version) return false
    now.set(orderId, order && listedOf(order))
    return true
  })
  return { newer: now, news }
}

/** The list with the events laid over it. Of two versions of an order the higher one is shown. */
export function withNewer(list: Orders, newer: Newer): Orders {
  const listed = new Set(list.data.map(({ id }) => id))
  const added = [...newer.values()].filter(
    (order) => order !== null && !listed.has(order.id) && !isBelow(order, list),
  ) as Listed[]
  const data = [...added, ...list.data]
    .map((row) => newest(row, newer))
    .filter((row): row is Listed => row !== null && isLive(row))
    .toSorted(newestFirst)
  return { ...list, data }
}

/** A list that is cut has nothing of the orders after its last one. */
function isBelow(order: Listed, { data, nextCursor }: Orders): boolean {
  const last = data.at(-1)
  return nextCursor !== null && last !== undefined && newestFirst(order, last) > 0
}

function newest(row: Listed, newer: Newer): Listed | null {
  const over = newer.get(row.id)
  if (over === undefined) return row
  return over === null || over.version >= row.version ? over : row
}

/** The list has caught up with the other events, so they need not be kept. */
export function unread(newer: Newer, list: Orders): Newer {
  const versions = new Map(list.data.map(({ id, version }) => [id, version]))
  return new Map(
    [...newer].filter(([id, order]) => {
      const version = versions.get(id)
      if (order === null) return version !== undefined
      // An order that is over and not in the list is over in the list too.
      if (version === undefined) return isLive(order) && !isBelow(order, list)
      return version < order.version
    }),
  )
}
