export type Stopping = { signal: AbortSignal; stopped: Promise<void> }

/**
 * Ctrl-C, a terminal that closes and `kill` all ask once; asking again, as npm does when it passes on what the terminal
 * already sent, changes nothing.
 */
export function untilStopped(): Stopping {
  const controller = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        controller.abort(new Error(`Stopped by ${name}.`))
        resolve()
        // A start may hang on a database far away: nobody should have to press twice.
        setTimeout(() => process.exit(0), 20_000).unref()
      })
    }
  })
  // npm killed outright passes nothing on, and its shell does not either: without them nobody could press Ctrl-C.
  if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(() => process.emit('SIGHUP'))
  // The reader of our output may be gone (`npm start | head`): that is no reason to leave things running.
  process.stdout.on('error', () => undefined)
  return { signal: controller.signal, stopped }
}

function whenOrphaned(act: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    act()
  }, 500)
  timer.unref()
}
