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
  /** The folder of this clone. The data may be elsewhere, see place.ts. */
  folder: string
  password: string
  /** Used if it is free. */
  port?: number
  /** Added to the settings that tune.ts computes from the machine's memory. */
  settings?: Settings
  signal?: AbortSignal
  /** Called when the server ended unexpectedly; it is then started again. */
  onCrash?: (message: string) => void
}

export type Cluster = {
  readonly port: number
  readonly dataDir: string
  /** The connection string of the owner, without the proxy. */
  url(database?: string): string
  pid(): number | null
  /** Starts it again, on the same port, after `stop` or `kill`. */
  start(): Promise<void>
  /** Shuts down fast: Postgres rolls back running transactions, and all commits are on disk. */
  stop(): Promise<void>
  /** Kills all processes of the server at once, as a power cut does. */
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

  // After a kill, child processes live until each notices it. Until then no other server can start on the data.
  async function revive(): Promise<void> {
    onCrash('PostgreSQL ended unexpectedly; starting it again.')
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

  // Backends outlive their postmaster for a moment and could still commit. So the postmaster is suspended first, which
  // ends forking, and then all are killed at once.
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
