import { useComputed } from '@preact/signals'
import { now } from './clock.ts'

/** The time in whole steps. Its reader is drawn again at each step, and not each second. */
export function useStep(stepMs: number): number {
  return useComputed(() => Math.floor(now.value / stepMs) * stepMs).value
}
