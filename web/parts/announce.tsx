import { signal } from '@preact/signals'

const sentence = signal('')
let waiting: string | null = null
let restUntil = 0
const restMs = 5_000

/** Says one sentence to a screen reader, at most one in five seconds: the last one of a burst. */
export function announce(text: string): void {
  const rest = restUntil - Date.now()
  if (rest > 0) {
    if (waiting === null)
      setTimeout(() => {
        const next = waiting
        waiting = null
        if (next !== null) announce(next)
      }, rest)
    waiting = text
    return
  }
  restUntil = Date.now() + restMs
  sentence.value = text
}

export function Announcer() {
  return (
    <p class="visually-hidden" aria-live="polite">
      {sentence}
    </p>
  )
}
