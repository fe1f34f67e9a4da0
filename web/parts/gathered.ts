import { batch, signal } from '@preact/signals'
import { countWaiting, paused } from './paused.ts'

export type FeedEvent = { type: string; data: unknown }

type Gathered = {
  take: (event: FeedEvent) => void
  /** Events may be missing from here on. */
  anew: () => void
  stop: () => void
}

type To = { events: (burst: readonly FeedEvent[]) => void; anew: () => void }

const pauseMs = 250
/** A page that is paused for long reads its lists again instead. */
const mostWaiting = 2_000

/**
 * The first event is given at once, and those of the next quarter of a second together: a storm is drawn four times a
 * second. While the page is paused they all wait, and count as events of their feed; null: they do not count.
 */
export function gathered(to: To, feed: string | symbol | null = Symbol('alone')): Gathered {
  let waiting: FeedEvent[] = []
  const counted = signal(0)
  let isMissing = false
  let timer: ReturnType<typeof setTimeout> | null = null

  function giveAll(): void {
    const burst = waiting
    waiting = []
    if (burst.length > 0) batch(() => to.events(burst))
  }

  function again(): void {
    timer = null
    if (waiting.length === 0 || paused.peek()) return
    giveAll()
    timer = setTimeout(again, pauseMs)
  }

  const uncount = feed === null ? () => undefined : countWaiting(feed, counted)
  const unsubscribe = paused.subscribe((isPaused) => {
    if (isPaused) return
    counted.value = 0
    if (isMissing) to.anew()
    isMissing = false
    if (timer === null) again()
  })

  return {
    take(event) {
      waiting.push(event)
      if (paused.peek()) {
        counted.value += 1
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
      uncount()
      if (timer !== null) clearTimeout(timer)
    },
  }
}
