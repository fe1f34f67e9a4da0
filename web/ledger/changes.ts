import type { Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type FeedState, useFeed } from '../parts/stream.ts'

const restMs = 500

/** Calls back soon after something changed in the books, once for a burst of events. */
export function useBookChanges(changed: () => unknown): Signal<FeedState> {
  const timer = useRef(0)
  const current = useRef(changed)
  current.current = changed
  function soon(): void {
    if (timer.current !== 0) return
    timer.current = setTimeout(() => {
      timer.current = 0
      void current.current()
    }, restMs)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  return useFeed('/v1/ledger/events', { events: soon, anew: soon })
}
