import { totalmem } from 'node:os'
import { join } from 'node:path'
import { onFreePort } from '../system/on-free-port.ts'
import { initialise } from './initialise.ts'
import { keepServer, type Server } from './keep-server.ts'
import { stopOrphan } from './orphan.ts'
import { choosePlace, type Place } from './place.ts'
import { type Settings, tune } from './tune.ts'

export type ClusterOptions = {
  /** The folder of this clone. The data may be elsewhere, see place.ts. */
  folder: string
  password: string
  /** The data directory of a stopped server, to begin with a copy of it. The password is then that server's. */
  from?: string
  /** Used if it is free. */
  port?: number
  /** Added to the settings that tune.ts computes from the machine's memory. */
  settings?: Settings
  signal?: AbortSignal
  /** Called when the server ended unexpectedly; it is then started again. */
  onCrash?: (message: string) => void
}

export type Cluster = Server & {
  readonly port: number
  readonly dataDir: string
  readonly place: Place
  /** As it was started, but for the port: a standby needs the same. */
  readonly settings: Settings
  /** The connection string of the owner, without the proxy. */
  url(database?: string): string
}

/** Starts a real PostgreSQL on 127.0.0.1, initialising its data directory the first time. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, password, from, signal, onCrash = () => undefined } = options
  const place = choosePlace(folder)
  const dataDir = join(place.folder, 'postgres')
  await stopOrphan(dataDir)
  await initialise({ place, dataDir, password, from, signal })
  const settings = {
    ...tune(totalmem(), { beside: true }),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  }
  const logFile = join(folder, 'postgres.log')
  const server = await onFreePort(options.port, (port) =>
    keepServer({ place, dataDir, settings: { ...settings, port: String(port) }, logFile }, onCrash),
  )
  return {
    ...server,
    dataDir,
    place,
    settings,
    url: (database = 'postgres') => `postgresql://postgres:${password}@127.0.0.1:${server.port}/${database}`,
  }
}
