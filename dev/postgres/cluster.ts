import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../system/free-port.ts'
import { childrenOf, untilGone } from '../system/processes.ts'
import { initialise } from './initialise.ts'
import { launch } from './launch.ts'
import { stopOrphan, stopServer } from './orphan.ts'
import { choosePlace } from './place.ts'
import { type Settings, tune } from './tune.ts'

export type ClusterOptions = {
  /** Our folder for it; the data may lie elsewhere, see place.ts. */
  folder: string
  password: string
  /** Taken if it is free. */
  port?: number
  /** On top of what the machine's memory suggests. */
  settings?: Settings
  signal?: AbortSignal
  /** Told when the server died without being asked; it is then started again. */
  onCrash?: (message: string) => void
}

export type Cluster = {
  readonly port: number
  readonly dataDir: string
  /** The owner's connection string, straight to Postgres. */
  url(database?: string): string
  pid(): number | null
  /** Starts it again, on the same port, after `stop` or `kill`. */
  start(): Promise<void>
  /** Fast shutdown: running transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>
  /** What a power cut does: every process of it dies at once. */
  kill(): Promise<void>
  restart(): Promise<void>
}

/** Starts a real PostgreSQL on 127.0.0.1, initialising its data directory the first time. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, password, signal, onCrash = () => undefined } = options
  const place = choosePlace(folder)
  const dataDir = join(place.folder, 'postgres')
  await stopOrphan(dataDir)
  await initialise({ place, dataDir, password, ...(signal && { signal }) })
  const port = await freePort(options.port)
  const settings = {
    ...tune(totalmem(), { beside: true }),
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  }
  let server: ChildProcess | null = null
  let wanted = false
  let starting: Promise<void> | null = null
  let reviving: Promise<void> = Promise.resolve()

  function start(): Promise<void> {
    wanted = true
    if (server) return Promise.resolve()
    starting ??= begin().finally(() => {
      starting = null
    })
    return starting
  }

  async function begin(): Promise<void> {
    const started = await launch({ place, dataDir, settings, logFile: join(folder, 'postgres.log') })
    server = started
    started.once('exit', () => {
      server = null
      if (wanted) reviving = revive()
    })
  }

  // The processes of a server that was killed live on until each notices, and until then none other may start.
  async function revive(): Promise<void> {
    onCrash('PostgreSQL ended without being asked; starting it again.')
    for (let attempt = 1; wanted && !server; attempt++) {
      try {
        await start()
      } catch (error) {
        if (attempt === 20) onCrash(String(error))
        if (attempt === 20) return
        await delay(500)
      }
    }
  }

  async function stop(): Promise<void> {
    wanted = false
    await reviving
    if (!server?.pid) return
    const exited = once(server, 'exit')
    await stopServer(server.pid)
    await exited
  }

  // Backends outlive their postmaster for a moment and could still commit: stop it from forking, then kill all at once.
  async function kill(): Promise<void> {
    wanted = false
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
