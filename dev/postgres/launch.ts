import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Place } from './place.ts'
import { readPostmaster } from './postmaster-file.ts'
import type { Settings } from './tune.ts'

export type Launch = { place: Place; dataDir: string; settings: Settings; logFile: string }

/** Starts the server process and waits until it accepts connections. Its log goes to a file. */
export async function launch({ place, dataDir, settings, logFile }: Launch): Promise<ChildProcess> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(logFile, 'a', 0o600)
  // A process group of its own keeps Ctrl-C away from Postgres, which must stop after the parts that use it.
  const server = spawn(join(place.binDir, 'postgres'), ['-D', dataDir, ...flags], {
    ...place.user,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  // However this process ends, its server does not outlive it: SIGINT is Postgres' fast shutdown.
  const end = () => server.kill('SIGINT')
  process.once('exit', end)
  server.once('exit', () => process.off('exit', end))
  let failure: Error | null = null
  server.once('error', (error) => {
    failure = error
  })
  while (failure === null && server.exitCode === null && server.signalCode === null) {
    const file = readPostmaster(dataDir)
    if (file?.pid === server.pid && file?.ready) return server
    await delay(10)
  }
  throw failure ?? new Error(`PostgreSQL did not start. The end of ${logFile}:\n${tail(logFile)}`)
}

function tail(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-8).join('\n')
}
