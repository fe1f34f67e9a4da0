import { useComputed } from '@preact/signals'
import { now } from './clock.ts'
import { minuteMs, type Stretch, windowOf } from './window.ts'

/** The window moves with the clock, so that a page that stays open goes on showing the newest values. */
export function useWindow(stretch: Stretch): { from: string; to: string } {
  const minute = useComputed(() => Math.floor(now.value / minuteMs) * minuteMs)
  return windowOf(minute.value, stretch)
}
