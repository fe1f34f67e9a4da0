import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../dev/migrations/migrate.ts'
import { startCluster } from '../../dev/postgres/cluster.ts'
import { ensureDatabase, ensureWorkerRole } from '../../dev/postgres/roles.ts'
import { watchTransactions } from './long-transactions.ts'
import { removeRun, sweepDeadRuns } from './runs.ts'

/** Values that every test file may inject. */
export type Provided = {
  /** The owner's connection string; its database is the template that each file clones. */
  templateUrl: string
  ownerPassword: string
  workerPassword: string
  /** The data directory of this cluster before any file used it, for those that need a server of their own. */
  preparedData: string
  /** The folder of the cluster's Unix socket, or null where its path would be too long for one. */
  socketFolder: string | null
  /** This run's folder, gone when it ends. */
  runFolder: string
  /** Of the built Worker, see built-worker.ts. It exists once a test needs it. */
  workerFolder: string
}

declare module 'vitest' {
  // Vitest asks for this one to be an interface: it is merged into its own.
  // oxlint-disable-next-line typescript/consistent-type-definitions
  interface ProvidedContext extends Provided {}
}

const ownerPassword = 'owner'
const workerPassword = 'worker'

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await sweepDeadRuns()
  const runFolder = join(tmpdir(), `lockstep-test-${process.pid}`)
  mkdirSync(runFolder, { recursive: true, mode: 0o755 })
  const cluster = await startCluster({
    folder: runFolder,
    password: ownerPassword,
    settings: {
      // Nobody minds losing a test's data in a power cut; tests that do mind start their own server.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      log_lock_waits: 'off',
      // In the data directory. A statement over this socket costs a fifth less than over TCP.
      unix_socket_directories: '.',
      // Guessing these passwords may be easy. A login takes a seventh less processor time.
      scram_iterations: '1',
      // Several files run at once, and a closed connection occupies its place until its backend has ended.
      max_connections: '600',
      // Each database has its own statements. When there is no room, Postgres forgets those that were called least.
      'pg_stat_statements.max': '100000',
    },
  })
  const templateUrl = cluster.url('lockstep')
  await hashAnew(cluster.url())
  await ensureDatabase(cluster.url(), 'lockstep')
  await ensureWorkerRole(cluster.url(), workerPassword)
  await migrate(templateUrl)
  const preparedData = join(cluster.place.folder, 'prepared')
  await cluster.stop()
  execFileSync('cp', ['-Rp', cluster.dataDir, preparedData])
  await cluster.start()
  const watch = await watchTransactions(cluster.url())
  project.provide('templateUrl', templateUrl)
  project.provide('ownerPassword', ownerPassword)
  project.provide('workerPassword', workerPassword)
  project.provide('preparedData', preparedData)
  project.provide('socketFolder', isShort(cluster.dataDir) ? cluster.dataDir : null)
  project.provide('runFolder', runFolder)
  project.provide('workerFolder', join(runFolder, 'built-worker'))
  return async () => {
    const longest = await watch.stop()
    if (longest) console.log(`Longest transaction: ${longest.seconds.toFixed(1)} s, ${longest.text}`)
    await cluster.stop()
    await removeRun(runFolder)
  }
}

/** The owner's password is older than the settings of the cluster. */
async function hashAnew(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  await client.query(`alter role postgres password '${ownerPassword}'`)
  await client.end()
}

/** The kernel takes at most 103 bytes on macOS and 107 on Linux, with the name of the socket. */
function isShort(folder: string): boolean {
  return Buffer.byteLength(join(folder, '.s.PGSQL.65535')) <= 103
}
