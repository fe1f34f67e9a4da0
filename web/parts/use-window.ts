import { useStep } from './use-step.ts'
import { minuteMs, type Stretch, windowOf } from './window.ts'

/** The window moves with the clock, so that a page that stays open goes on showing the newest values. */
export function useWindow(stretch: Stretch): { from: string; to: string } {
  return windowOf(useStep(minuteMs), stretch)
}
