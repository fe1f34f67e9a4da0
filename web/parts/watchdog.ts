export type Watchdog = { arrived: () => void; stop: () => void }

/** Calls back once nothing has arrived for so long. A half-open connection gives no other sign. */
export function watchdog(silenceMs: number, onSilence: () => void): Watchdog {
  let timer = setTimeout(onSilence, silenceMs)
  return {
    arrived() {
      clearTimeout(timer)
      timer = setTimeout(onSilence, silenceMs)
    },
    stop: () => clearTimeout(timer),
  }
}
