import { type ReadonlySignal, type Signal, useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { FeedEvent } from '../parts/gathered.ts'
import { type Resource, useResource } from '../parts/resource.ts'
import { type FeedState, useFeed } from '../parts/stream.ts'
import { type Newer, type Orders, taken, unread, withNewer } from './live-orders.ts'
import { live } from './order.ts'

/** So many events are kept beside the list; then it is read again. */
const mostNewer = 500

/**
 * The live orders: the list, with the events laid over it. A list that was read before an event but arrives after it
 * cannot undo the event.
 */
export function useBoard(onChange: (event: FeedEvent) => void): {
  board: Resource<Orders>
  state: Signal<FeedState>
} {
  const list = useResource<Orders>(`/v1/dispatch/orders?status=${live.join(',')}&limit=200`)
  const newer = useSignal<Newer>(new Map())
  const most = useRef(mostNewer)
  const data: ReadonlySignal<Orders | null> = useComputed(
    () => list.data.value && withNewer(list.data.value, newer.value),
  )
  const state = useFeed('/v1/dispatch/events', {
    events(burst) {
      const { newer: now, news } = taken(newer.value, burst)
      newer.value = now
      for (const event of news) onChange(event)
      if (now.size <= most.current) return
      // The next bursts do not stop this read.
      most.current = now.size + mostNewer
      void list.reload()
    },
    anew: () => void list.reload(),
  })
  useEffect(() => {
    if (list.data.value === null) return
    newer.value = unread(newer.value, list.data.value)
    most.current = newer.value.size + mostNewer
  }, [list.data.value])
  return { board: { ...list, data }, state }
}
