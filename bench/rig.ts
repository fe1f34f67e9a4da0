import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../dev/migrations/migrate.ts'
import type { Faults } from '../dev/neon-proxy/faults.ts'
import { startNeonProxy } from '../dev/neon-proxy/server.ts'
import { startCluster } from '../dev/postgres/cluster.ts'
import { removeOutside } from '../dev/postgres/place.ts'
import { ensureDatabase, ensureWorkerRole, workerRole } from '../dev/postgres/roles.ts'
import { type Standby, startStandby } from '../dev/postgres/standby.ts'
import { urlAs } from '../dev/postgres/urls.ts'
import { buildWorker } from '../dev/system/build.ts'
import { stopServersOf } from '../dev/system/leftovers.ts'
import { isAlive } from '../dev/system/processes.ts'
import type { QueueFaults } from '../dev/system/queue-faults.ts'
import { signToken } from '../dev/system/sign-token.ts'
import { startWorker } from '../dev/system/worker.ts'
import type { Role } from '../functions/registry/roles.ts'

export type BenchDatabase = {
  ownerUrl: string
  /** Connects as the Worker's role. */
  workerUrl: string
  /** Connects as the owner, to prepare, check and meter. */
  owner: pg.Pool
  /** Opens connections of the Worker's role. */
  connect(count: number): Promise<pg.Client[]>
}

export type BenchWorker = {
  url: string
  /** Faults between the Worker and its database. */
  faults: Faults
  token(role: Role, sub: string | number, tenantId?: number): Promise<string>
  /** Fires a cron trigger. */
  scheduled(cron: string, scheduledTime: Date): Promise<{ outcome: string }>
}

type WorkerOptions = {
  queueFaults?: QueueFaults
  bindings?: Record<string, string>
  /** They answer the reads that may be a moment old. */
  standbys?: readonly Standby[]
}

/** The environment of a measurement. All of it is removed when the run ends. */
export type Rig = {
  /** Creates a migrated database on a Postgres with durable commits. */
  database(): Promise<BenchDatabase>
  /** Starts a streaming standby of that Postgres, with the databases that were created before. */
  standby(): Promise<Standby>
  /** Starts the Neon-compatible proxy before the database and returns its address. */
  proxy(database: BenchDatabase): Promise<string>
  /** Starts the built Worker in workerd, without rate limits, with the Neon-compatible proxy before the database. */
  worker(database: BenchDatabase, options?: WorkerOptions): Promise<BenchWorker>
  end(): Promise<void>
}

const prefix = 'lockstep-bench-'
const secret = 'a secret that only the benchmarks of this repository use'

export async function startRig(): Promise<Rig> {
  await sweepDeadRuns()
  const folder = join(tmpdir(), `${prefix}${process.pid}`)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  // Durable as in production: fsync, synchronous_commit and full_page_writes stay on. Nested statements are not
  // tracked by default either, and tracking them would slow ours more than a bare statement.
  const cluster = await startCluster({
    folder,
    password: 'owner',
    settings: { 'pg_stat_statements.track': 'top' },
  })
  const endings: (() => Promise<unknown>)[] = []
  const template = 'lockstep_template'
  await ensureDatabase(cluster.url(), template)
  await ensureWorkerRole(cluster.url(), 'worker')
  await migrate(cluster.url(template))
  await execute(cluster.url(template), 'create extension if not exists pg_stat_statements')
  let [databases, standbys] = [0, 0]
  let bundle: Promise<string> | null = null

  async function proxyOf(database: BenchDatabase, standbyUrls: readonly string[] = []) {
    const proxy = await startNeonProxy({ databaseUrl: database.ownerUrl, standbyUrls, maxSessions: 40 })
    endings.push(() => proxy.close())
    return proxy
  }

  return {
    proxy: async (database) => (await proxyOf(database)).address,
    async database() {
      const name = `bench_${++databases}`
      await execute(cluster.url(), `create database ${name} template ${template}`)
      const ownerUrl = cluster.url(name)
      const workerUrl = asWorker(ownerUrl)
      const owner = new pg.Pool({ connectionString: ownerUrl, max: 4 })
      // A connection that is closing may still learn that Postgres stops.
      owner.on('error', () => undefined)
      const clients: pg.Client[] = []
      endings.push(() => Promise.allSettled([owner.end(), ...clients.map((client) => client.end())]))
      return {
        ownerUrl,
        workerUrl,
        owner,
        async connect(count) {
          const made = Array.from({ length: count }, () => new pg.Client({ connectionString: workerUrl }))
          clients.push(...made)
          await Promise.all(made.map((client) => client.connect()))
          return made
        },
      }
    },
    async standby() {
      const standby = await startStandby({ primary: cluster, password: 'owner', number: ++standbys })
      endings.push(() => standby.stop())
      return standby
    },
    async worker(database, { bindings = {}, standbys = [], ...options } = {}) {
      bundle ??= buildWorker(join(folder, 'bundle'))
      const name = new URL(database.ownerUrl).pathname.slice(1)
      const standbyUrls = standbys.map((standby) => asWorker(standby.url(name)))
      const { address, faults } = await proxyOf(database, standbyUrls)
      const worker = await startWorker({
        ...options,
        bundle: await bundle,
        bindings: {
          DATABASE_URL: database.workerUrl,
          DATABASE_URL_REPLICAS: standbyUrls.join(','),
          NEON_PROXY: address,
          AUTH_SECRET: secret,
          ...bindings,
        },
        rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
        onLog: () => undefined,
      })
      endings.push(() => worker.dispose())
      return {
        url: worker.url,
        faults,
        scheduled: worker.scheduled,
        token: (role, sub, tenantId) =>
          signToken(secret, { role, sub: String(sub), ...(tenantId !== undefined && { tenantId }) }),
      }
    },
    async end() {
      for (const end of endings.toReversed()) await end()
      await cluster.stop()
      remove(folder)
    },
  }
}

const asWorker = (url: string) => urlAs(url, { user: workerRole, password: 'worker' })

const unlimited = { limit: 1_000_000_000, period: 60 } as const

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Removes the processes and folders of runs that were killed. */
async function sweepDeadRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN
    if (!Number.isInteger(pid) || isAlive(pid)) continue
    const folder = join(tmpdir(), name)
    await stopServersOf(folder)
    remove(folder)
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  removeOutside(folder)
}
