export type Stopping = { signal: AbortSignal; stopped: Promise<void> }

/**
 * Ctrl-C, a closed terminal and `kill` stop the program. A second signal changes nothing: npm sends one more, because
 * it forwards the signal that the terminal sent already.
 */
export function untilStopped(): Stopping {
  const controller = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    const stop = (why: Error) => {
      controller.abort(why)
      resolve()
      // A start may hang on a remote database. Without this, the user would have to press Ctrl-C twice.
      setTimeout(() => process.exit(), 20_000).unref()
    }
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => stop(new Error(`Stopped by ${name}.`)))
    // An error that nobody caught ends the program too, and Postgres must still stop in order.
    for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(name, (error: unknown) => {
        console.error(error)
        process.exitCode = 1
        stop(new Error('Stopped by an unexpected error.', { cause: error }))
      })
    }
  })
  // A killed npm forwards no signal, nor does its shell. Without npm, Ctrl-C no longer reaches this process.
  if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(() => process.emit('SIGHUP'))
  // The reader of our output may be gone (`npm start | head`). The system must still stop in order.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
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
