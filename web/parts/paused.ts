import { signal } from '@preact/signals'

/** Events of the streams wait until their reader goes on, so that nothing moves meanwhile. */
export const paused = signal(false)
/** How many wait, of all streams of this page. */
export const waitingEvents = signal(0)

export function switchPause(): void {
  paused.value = !paused.value
}
