import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { migrate } from '../migrations/migrate.ts'
import { startNeonProxy } from '../neon-proxy/server.ts'
import { type Cluster, startCluster } from '../postgres/cluster.ts'
import { ensureDatabase, ensureWorkerRole, workerRole } from '../postgres/roles.ts'
import { type Standby, startStandby } from '../postgres/standby.ts'
import { urlAs } from '../postgres/urls.ts'
import { loadDemoData } from '../seed/load.ts'
import { startUpstash, type Upstash } from '../upstash/server.ts'
import { startUpstreams } from '../upstreams/server.ts'
import { prepareAssets } from './assets.ts'
import { type KeptWorker, keptWorker } from './kept-worker.ts'
import { localFolder } from './project.ts'
import { developmentSecret, localRole, passwordOf } from './secret.ts'
import type { Starting } from './settings.ts'
import { startTicker } from './ticker.ts'
import { startWorker } from './worker.ts'

export type StartSystem = Starting & { signal: AbortSignal; say: (line: string) => void }

export type System = AsyncDisposable & {
  url: string
  databaseUrl: string
  proxy: string
  /** The URL of the simulated outside services, or null when the Worker calls the real ones. */
  upstreams: string | null
  /** Redis over HTTP, or null when the caches use KV. */
  redis: Pick<Upstash, 'url' | 'token' | 'kind'> | null
  /** Streaming standbys that answer reads. */
  standbys: readonly Pick<Standby, 'port'>[]
  crons: string[]
}

/**
 * Starts Postgres, proxy, Worker and ticker in the order of their dependencies. Disposal stops them in reverse order.
 */
export async function startSystem(options: StartSystem): Promise<System> {
  const { port, signal, say } = options
  // It may have been stopped while this module was loaded.
  signal.throwIfAborted()
  await using starting = new AsyncDisposableStack()
  const building = build(signal)
  // Awaited below. If Postgres fails first, a failed build must not count as an unhandled rejection.
  building.catch(() => undefined)

  const { cluster, databaseUrl } = await findDatabase(starting, options)
  const directUrl = options.directUrl ?? databaseUrl
  signal.throwIfAborted()
  // In the user's own database a deployed Worker may use the Worker's role, so its password must not change.
  const user = options.databaseUrl === undefined ? workerRole : localRole()
  const password = passwordOf(user)
  await ensureWorkerRole(directUrl, password, user).catch(explain(directUrl))
  const workerUrl = urlAs(databaseUrl, { user, password })
  await assertLogsIn(workerUrl)
  const warnings: string[] = []
  const { applied } = await migrate(directUrl, {
    report: (line) => line.startsWith('warning') && warnings.push(line),
  })
  for (const warning of warnings) say(warning)
  if (applied.length > 0) say(`${applied.length} migrations applied.`)
  signal.throwIfAborted()
  const isNew = options.demoData && (await loadDemoData(directUrl))
  if (isNew) say('Demo data loaded.')

  const standbys = cluster === null ? [] : await startStandbys(starting, cluster, options)
  const standbyUrls = standbys.map((standby) => urlAs(standby.url(database), { user, password }))
  const proxy = await startNeonProxy({ databaseUrl, standbyUrls })
  starting.defer(() => proxy.close())
  const upstreams = options.liveUpstreams ? null : await startUpstreams()
  starting.defer(() => upstreams?.close())
  const redis = options.redis ? await startUpstash() : null
  starting.defer(() => redis?.close())
  const { bundle, config } = await building
  signal.throwIfAborted()
  const worker = await startWorker({
    bundle,
    config,
    port,
    bindings: {
      DATABASE_URL: workerUrl,
      DATABASE_URL_REPLICAS: standbyUrls.join(','),
      NEON_PROXY: proxy.address,
      AUTH_SECRET: developmentSecret(),
      DEV_SIGN_IN: '1',
      FLEET_KEY: `for devices ${developmentSecret()}`,
      UPSTREAMS_URL: upstreams?.url,
      UPSTASH_REDIS_REST_URL: redis?.url,
      UPSTASH_REDIS_REST_TOKEN: redis?.token,
      ...options.bindings,
    },
    persistTo: join(localFolder, 'worker'),
    onLog: logger(say),
  })
  starting.defer(() => worker.dispose())
  const { crons } = config
  const ticker = startTicker({ crons, fire: worker.scheduled, onError: say })
  starting.defer(() => ticker.stop())
  // Some jobs run every six hours. Their first run now gives a new system data to show.
  const firstRuns = isNew ? Promise.allSettled(crons.map((cron) => worker.scheduled(cron))) : null
  // The delivery run stays for most of a minute; it may be cut, as any Worker may.
  starting.defer(async () => void (await Promise.race([firstRuns, setTimeout(3_000)])))

  const running = starting.move()
  return {
    url: worker.url,
    databaseUrl,
    proxy: proxy.address,
    upstreams: upstreams?.url ?? null,
    redis,
    standbys,
    crons,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function build(signal: AbortSignal): Promise<KeptWorker> {
  await prepareAssets()
  return keptWorker(join(localFolder, 'bundle'), signal)
}

const database = 'lockstep'

type Found = { cluster: Cluster | null; databaseUrl: string }

/** The user's own database, or the embedded one, which then runs. */
async function findDatabase(starting: AsyncDisposableStack, options: StartSystem): Promise<Found> {
  if (options.databaseUrl !== undefined) return { cluster: null, databaseUrl: options.databaseUrl }
  const cluster = await startDatabase(starting, options)
  return { cluster, databaseUrl: cluster.url(database) }
}

async function startDatabase(starting: AsyncDisposableStack, { signal, say }: StartSystem): Promise<Cluster> {
  const cluster = await startCluster({
    folder: localFolder,
    password: passwordOf('postgres'),
    port: 15_432,
    signal,
    onCrash: say,
  })
  starting.defer(() => cluster.stop())
  await ensureDatabase(cluster.url(), database)
  return cluster
}

async function startStandbys(
  starting: AsyncDisposableStack,
  primary: Cluster,
  { replicas, say }: StartSystem,
): Promise<Standby[]> {
  const standbys: Standby[] = []
  for (let number = 1; number <= replicas; number += 1) {
    const standby = await startStandby({ primary, password: passwordOf('postgres'), number, onCrash: say })
    starting.defer(() => standby.stop())
    standbys.push(standby)
  }
  return standbys
}

function explain(databaseUrl: string): (error: unknown) => never {
  const { host } = new URL(databaseUrl)
  return (cause) => {
    const message = cause instanceof Error && cause.message !== '' ? cause.message : String(cause)
    throw new Error(
      `The database at ${host} cannot be prepared: ${message}. DATABASE_URL, or DATABASE_URL_DIRECT ` +
        'if the former names a pooler, must reach a PostgreSQL 18 directly, as a role that may create roles.',
      { cause },
    )
  }
}

/** A pooler may know the owner and not the role that was just made. Then nothing but the start would succeed. */
async function assertLogsIn(workerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: workerUrl, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (cause) {
    const { host, username } = new URL(workerUrl)
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${host} refuses the role ${username}, which exists in Postgres: ${message}. ` +
        'A pooler must know it, as PgBouncer does with auth_query. Else set DATABASE_URL to Postgres itself.',
      { cause },
    )
  } finally {
    await client.end()
  }
}

/** Writes each line to a file, and warnings and errors to the terminal as well. */
function logger(say: (line: string) => void): (line: string, level: string) => void {
  mkdirSync(localFolder, { recursive: true })
  const file = join(localFolder, 'worker.log')
  rmSync(file, { force: true })
  let complete = true
  return (line, level) => {
    try {
      appendFileSync(file, `${line}\n`)
    } catch (error) {
      // A full disk must not end the system. It is reported once, because every line would fail.
      if (complete)
        say(`${file} lacks lines from here on: ${error instanceof Error ? error.message : String(error)}`)
      complete = false
    }
    if (level === 'error' || level === 'warn') say(line)
  }
}
