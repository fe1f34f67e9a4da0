import { computed, type ReadonlySignal, signal } from '@preact/signals'

/** Events of the streams wait until their reader goes on, so that nothing moves meanwhile. */
export const paused = signal(false)

type Waiting = { feed: string | symbol; count: ReadonlySignal<number> }

const waiting = signal<readonly Waiting[]>([])

/**
 * How many wait, of all feeds of this page. Each part that shows a feed gets each of its events, so the most that wait for
 * one part are those of the feed.
 */
export const waitingEvents = computed(() => {
  const most = new Map<string | symbol, number>()
  for (const { feed, count } of waiting.value) most.set(feed, Math.max(most.get(feed) ?? 0, count.value))
  return [...most.values()].reduce((sum, count) => sum + count, 0)
})

/** Counts until the returned function is called. */
export function countWaiting(feed: string | symbol, count: ReadonlySignal<number>): () => void {
  const one = { feed, count }
  waiting.value = [...waiting.peek(), one]
  return () => {
    waiting.value = waiting.peek().filter((other) => other !== one)
  }
}

export function switchPause(): void {
  paused.value = !paused.value
}
