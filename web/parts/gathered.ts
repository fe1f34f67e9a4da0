import { batch } from '@preact/signals'
import { paused, waitingEvents } from './paused.ts'

export type FeedEvent = { type: string; data: unknown }

type Gathered = {
  take: (event: FeedEvent) => void
  /** Events may be missing from here on. */
  anew: () => void
  stop: () => void
}

type To = { event: (event: FeedEvent) => void; anew: () => void }

const pauseMs = 250
/** A page that is paused for long reads its lists again instead. */
const mostWaiting = 2_000

/**
 * The first event is given at once, and those of the next quarter of a second together: a storm is drawn four times a
 * second. While the page is paused they all wait.
 */
export function gathered(to: To): Gathered {
  let waiting: FeedEvent[] = []
  let counted = 0
  let isMissing = false
  let timer: ReturnType<typeof setTimeout> | null = null

  function giveAll(): void {
    const events = waiting
    waiting = []
    batch(() => {
      for (const event of events) to.event(event)
    })
  }

  function again(): void {
    timer = null
    if (waiting.length === 0 || paused.peek()) return
    giveAll()
    timer = setTimeout(again, pauseMs)
  }

  function count(more: number): void {
    counted += more
    waitingEvents.value += more
  }

  const unsubscribe = paused.subscribe((isPaused) => {
    if (isPaused) return
    count(-counted)
    if (isMissing) to.anew()
    isMissing = false
    if (timer === null) again()
  })

  return {
    take(event) {
      waiting.push(event)
      if (paused.peek()) {
        count(1)
        if (waiting.length > mostWaiting) {
          waiting = []
          isMissing = true
        }
      } else if (timer === null) again()
    },
    anew() {
      if (paused.peek()) {
        isMissing = true
        return
      }
      giveAll()
      to.anew()
    },
    stop() {
      unsubscribe()
      count(-counted)
      if (timer !== null) clearTimeout(timer)
    },
  }
}
