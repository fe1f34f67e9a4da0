import { signal } from '@preact/signals'

/**
 * Time by the server's clock, so that an age is right on a machine whose clock is wrong. `now` moves each second, also
 * while no answer arrives, and rests while the tab is hidden.
 */
let offsetMs = 0

export const now = signal(Date.now())

/** `Date` has whole seconds, so a smaller difference is no difference. */
export function noteServerTime(date: string | null, tookMs: number): void {
  const server = Date.parse(date ?? '')
  if (Number.isNaN(server)) return
  const difference = server + 500 - (Date.now() - tookMs / 2)
  offsetMs = Math.abs(difference) < 1_500 ? 0 : difference
  tick()
}

export function serverNow(): number {
  return Date.now() + offsetMs
}

function tick(): void {
  if (!document.hidden) now.value = serverNow()
}

setInterval(tick, 1_000)
document.addEventListener('visibilitychange', tick)
