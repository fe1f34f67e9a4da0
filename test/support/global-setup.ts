import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../dev/migrations/migrate.ts'
import { startCluster } from '../../dev/postgres/cluster.ts'
import { ensureDatabase, ensureWorkerRole } from '../../dev/postgres/roles.ts'
import { prepareAssets } from '../../dev/system/assets.ts'
import { buildWorker } from '../../dev/system/build.ts'
import { readWorkerConfig, type WorkerConfig } from '../../dev/system/worker-config.ts'
import { openApiDocument } from '../../functions/http/openapi.ts'
import { watchTransactions } from './long-transactions.ts'
import { removeRun, sweepDeadRuns } from './runs.ts'
import { endpoints, webhooks } from './system.ts'

export type BuiltWorker = {
  bundle: string
  config: WorkerConfig
  /** The file of its OpenAPI document. Writing it loads every module, which each test file would do anew. */
  document: string
}

/** Values that every test file may inject. */
export type Provided = {
  /** The owner's connection string; its database is the template that each file clones. */
  templateUrl: string
  workerPassword: string
  /** The built Worker and what is bound to it; null unless the worker tests run. */
  worker: BuiltWorker | null
  /** This run's folder, gone when it ends. */
  runFolder: string
}

declare module 'vitest' {
  // Vitest asks for this one to be an interface: it is merged into its own.
  // oxlint-disable-next-line typescript/consistent-type-definitions
  interface ProvidedContext extends Provided {}
}

type Run = { provided: Omit<Provided, 'worker'>; end: () => Promise<void> }

// Vitest loads this file once per project. One Postgres and one build serve them all, so they hang where they meet.
const shared = globalThis as {
  lockstepTestRun?: { running: Promise<Run>; building?: Promise<BuiltWorker>; users: number }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.lockstepTestRun ??= { running: startRun(), users: 0 }
  const current = shared.lockstepTestRun
  current.users++
  const { provided, end } = await current.running
  project.provide('templateUrl', provided.templateUrl)
  project.provide('workerPassword', provided.workerPassword)
  project.provide('runFolder', provided.runFolder)
  const needsWorker = ['worker', 'page'].includes(project.name)
  project.provide('worker', needsWorker ? await (current.building ??= build(provided.runFolder)) : null)
  return async () => {
    current.users--
    if (current.users > 0) return
    delete shared.lockstepTestRun
    await end()
  }
}

async function startRun(): Promise<Run> {
  await sweepDeadRuns()
  const runFolder = join(tmpdir(), `lockstep-test-${process.pid}`)
  mkdirSync(runFolder, { recursive: true, mode: 0o755 })
  const cluster = await startCluster({
    folder: runFolder,
    password: 'owner',
    settings: {
      // Nobody minds losing a test's data in a power cut; tests that do mind start their own server.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      log_lock_waits: 'off',
      // Several files run at once, and a closed connection occupies its place until its backend has ended.
      max_connections: '600',
      // Each database has its own statements. When there is no room, Postgres forgets those that were called least.
      'pg_stat_statements.max': '100000',
    },
  })
  const templateUrl = cluster.url('lockstep_template')
  const workerPassword = 'worker'
  await ensureDatabase(cluster.url(), 'lockstep_template')
  await ensureWorkerRole(cluster.url(), workerPassword)
  await migrate(templateUrl)
  const watch = await watchTransactions(cluster.url())
  return {
    provided: { templateUrl, workerPassword, runFolder },
    async end() {
      const longest = await watch.stop()
      if (longest) console.log(`Longest transaction: ${longest.seconds.toFixed(1)} s, ${longest.text}`)
      await cluster.stop()
      await removeRun(runFolder)
    },
  }
}

async function build(runFolder: string): Promise<BuiltWorker> {
  prepareAssets()
  const document = join(runFolder, 'openapi.json')
  writeFileSync(document, JSON.stringify(openApiDocument(endpoints, webhooks)))
  return { bundle: await buildWorker(join(runFolder, 'bundle')), config: readWorkerConfig(), document }
}
