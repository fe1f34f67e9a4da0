import { type ReadonlySignal, type Signal, useComputed, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { FeedEvent } from '../parts/gathered.ts'
import { type Resource, useResource } from '../parts/resource.ts'
import { type FeedState, useFeed } from '../parts/stream.ts'
import { type Listed, listedOf, type Whole } from './order.ts'

type Orders = { data: Listed[]; nextCursor: string | null }
/** Of each order its newest event: the order, or null if the caller may no longer see it. */
type Newer = ReadonlyMap<number, Listed | null>

const live: readonly string[] = ['new', 'assigned', 'accepted', 'picked_up']
const mostNewer = 500

/**
 * The live orders: the list, with the events laid over it. A list that was read before an event but arrives after it
 * cannot undo the event, because of two versions of an order the higher one is shown.
 */
export function useBoard(onChange: (event: FeedEvent) => void): {
  board: Resource<Orders>
  state: Signal<FeedState>
} {
  const list = useResource<Orders>(`/v1/dispatch/orders?status=${live.join(',')}&limit=200`)
  const newer = useSignal<Newer>(new Map())
  const data: ReadonlySignal<Orders | null> = useComputed(
    () => list.data.value && { ...list.data.value, data: merged(list.data.value.data, newer.value) },
  )
  const state = useFeed('/v1/dispatch/events', {
    event(event) {
      const { orderId, order } = event.data as { orderId: number; order: Whole | null }
      const known = newer.value.get(orderId)
      if (order !== null && known && known.version >= order.version) return
      newer.value = new Map(newer.value).set(orderId, order && listedOf(order))
      onChange(event)
      if (newer.value.size > mostNewer) void list.reload()
    },
    anew: () => void list.reload(),
  })
  useEffect(() => {
    if (list.data.value) newer.value = unread(newer.value, list.data.value.data)
  }, [list.data.value])
  return { board: { ...list, data }, state }
}

function merged(rows: readonly Listed[], newer: Newer): Listed[] {
  const known = new Set(rows.map(({ id }) => id))
  const added = [...newer.values()].filter((order) => order !== null && !known.has(order.id)) as Listed[]
  return [...added, ...rows]
    .map((row) => newest(row, newer))
    .filter((row): row is Listed => row !== null && live.includes(row.status))
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : b.id - a.id))
}

function newest(row: Listed, newer: Newer): Listed | null {
  const over = newer.get(row.id)
  if (over === undefined) return row
  return over === null || over.version >= row.version ? over : row
}

/** The list has caught up with these events, so they need not be kept. */
function unread(newer: Newer, rows: readonly Listed[]): Newer {
  const versions = new Map(rows.map(({ id, version }) => [id, version]))
  return new Map(
    [...newer].filter(([id, order]) => {
      const version = versions.get(id)
      if (order === null) return version !== undefined
      // An order that is over and not in the list is over in the list too.
      if (version === undefined) return live.includes(order.status)
      return version < order.version
    }),
  )
}
