import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { childrenOf, untilGone } from '../processes.ts'
import { type Settings, tune } from '../tune.ts'
import { initialise } from './initialise.ts'
import { stopOrphan, stopServer } from './orphan.ts'
import { choosePlace } from './place.ts'
import { readPostmaster } from './postmaster-file.ts'

export type ClusterOptions = {
  /** Our folder for it; the data may lie elsewhere, see place.ts. */
  folder: string
  password: string
  port?: number
  /** On top of what the machine's memory suggests. */
  settings?: Settings
  signal?: AbortSignal
}

export type Cluster = {
  readonly port: number
  readonly dataDir: string
  /** The owner's connection string, straight to Postgres. */
  url(database?: string): string
  pid(): number | null
  /** Fast shutdown: running transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>
  /** What a power cut does: every process of it dies at once. */
  kill(): Promise<void>
  /** Starts it again, on the same port, after `stop`, `kill` or a crash. */
  start(): Promise<void>
  restart(): Promise<void>
}

/** Starts a real PostgreSQL on 127.0.0.1, initialising its data directory the first time. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, password, settings = {}, signal } = options
  const place = choosePlace(folder)
  const dataDir = join(place.folder, 'postgres')
  const logFile = join(folder, 'postgres.log')
  await stopOrphan(dataDir)
  await initialise({ place, dataDir, password, ...(signal && { signal }) })
  const port = await freePort(options.port)
  const flags = Object.entries({
    ...tune(totalmem(), { beside: true }),
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let server: ChildProcess | null = null

  async function start(): Promise<void> {
    if (server) return
    const log = openSync(logFile, 'a', 0o600)
    // Its own process group: Ctrl-C in the terminal is for us, and we stop it after what depends on it.
    const child = spawn(join(place.binDir, 'postgres'), ['-D', dataDir, ...flags], {
      ...place.user,
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child.once('exit', () => {
      if (server === child) server = null
    })
    server = child
    await untilReady(child)
  }

  async function untilReady(child: ChildProcess): Promise<void> {
    let failure: Error | null = null
    child.once('error', (error) => {
      failure = error
    })
    while (failure === null && child.exitCode === null && child.signalCode === null) {
      const file = readPostmaster(dataDir)
      if (file?.pid === child.pid && file?.ready) return
      await delay(10)
    }
    server = null
    throw failure ?? new Error(`PostgreSQL did not start. The end of ${logFile}:\n${tail(logFile)}`)
  }

  async function stop(): Promise<void> {
    if (server?.pid) await stopServer(server.pid)
  }

  // Backends outlive their postmaster for a moment and could still commit: stop it from forking, then kill all at once.
  async function kill(): Promise<void> {
    if (!server?.pid) return
    const exited = once(server, 'exit')
    process.kill(server.pid, 'SIGSTOP')
    const all = [...childrenOf(server.pid), server.pid]
    for (const pid of all) process.kill(pid, 'SIGKILL')
    await exited
    await untilGone(all, 10_000)
  }

  await start()
  return {
    port,
    dataDir,
    url: (database = 'postgres') => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`,
    pid: () => server?.pid ?? null,
    start,
    stop,
    kill,
    async restart() {
      await stop()
      await start()
    },
  }
}

function tail(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-8).join('\n')
}
