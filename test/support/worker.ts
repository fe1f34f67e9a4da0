import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import type { Faults } from '../../dev/neon-proxy/faults.ts'
import type { NeonProxy } from '../../dev/neon-proxy/server.ts'
import { freshFetch } from '../../dev/system/fresh-fetch.ts'
import { stopWorkerd } from '../../dev/system/leftovers.ts'
import { signToken } from '../../dev/system/sign-token.ts'
import { type RunWorker, startWorker } from '../../dev/system/worker.ts'
import type { WorkerConfig } from '../../dev/system/worker-config.ts'
import type { Upstreams } from '../../dev/upstreams/handle.ts'
import { startUpstreams } from '../../dev/upstreams/server.ts'
import type { Endpoint } from '../../functions/http/endpoint.ts'
import { deviceRoles, type Role } from '../../functions/registry/roles.ts'
import { atTheEnd } from './at-the-end.ts'
import { builtWorker } from './built-worker.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { deviceKey } from './device-key.ts'
import { type Judge, makeJudge } from './openapi.ts'
import { freshProxy } from './proxy.ts'
import { noteWorkerd } from './runs.ts'

/** Most tests send one message, and a queue would wait a whole second for a second one. */
const soonSeconds = 0.05

const testSecret = 'a secret that only the tests of this repository use'

export type TestWorker = {
  url: string
  database: TestDatabase
  /** Between the Worker and its database. */
  proxy: NeonProxy
  /** Faults between the Worker and its database. */
  faults: Faults
  /** Fails when the answer is not one that the OpenAPI document promises. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The outside services, as simulated for this file alone. */
  upstreams: Upstreams
  token(role: Role, sub: string | number, tenantId?: number): Promise<string>
  /** Fires a cron trigger and waits for its run. */
  scheduled(cron: string, scheduledTime?: Date): Promise<{ outcome: string }>
  /** Kills its process, as a crash would. */
  kill(): Promise<void>
  /** Stops it before the end of the file, where it is stopped anyway. */
  dispose(): Promise<void>
}

type Passed =
  | 'bindings'
  | 'rateLimits'
  | 'bundle'
  | 'streams'
  | 'queueFaults'
  | 'kvFaults'
  | 'persistTo'
  | 'batchSeconds'

export type TestWorkerOptions = Partial<Pick<RunWorker, Passed>> & {
  database?: TestDatabase
  /** For a further Worker on the same database: its first requests would open forty more sessions. */
  proxy?: NeonProxy
  /** With the dashboard and Swagger UI: the server of these files takes a fifth of a start, and part of each request. */
  pages?: boolean
  /** Another Worker than the product: its bundle, and its endpoints for the check of answers. */
  system?: { bundle: string; endpoints: readonly Endpoint[] }
  /** Takes what the Worker logs; otherwise nobody sees it. */
  onLog?: (line: string) => void
}

/** The built Worker in workerd, on a database of its own. To be awaited at the top of the file. */
export async function freshWorker(options: TestWorkerOptions = {}): Promise<TestWorker> {
  const {
    bindings = {},
    rateLimits = {},
    onLog = () => undefined,
    database: given,
    proxy: open,
    pages,
    ...passed
  } = options
  const built = await builtWorker()
  const judge = options.system ? await judgeOf(options.system.endpoints) : productJudge(built.document)
  const database = given ?? (await freshDatabase())
  const proxy = open ?? (await freshProxy(database))
  const upstreams = await startUpstreams()
  atTheEnd(() => upstreams.close())
  const start = () =>
    startWorker({
      ...built,
      config: pages ? built.config : withoutAssets(built.config),
      direct: !pages,
      ...(options.system && { bundle: options.system.bundle }),
      batchSeconds: soonSeconds,
      ...passed,
      bindings: {
        DATABASE_URL: database.workerUrl,
        NEON_PROXY: proxy.address,
        AUTH_SECRET: testSecret,
        FLEET_KEY: deviceKey,
        UPSTREAMS_URL: upstreams.url,
        WEBHOOK_LINGER_SECONDS: '0',
        ...bindings,
      },
      rateLimits,
      onLog,
    })
  // Another process may take the port before workerd listens on it.
  const worker = await start().catch(start)
  const forget = noteWorkerd(inject('runFolder'), worker.address)
  let disposed: Promise<void> | null = null
  const dispose = () => (disposed ??= worker.dispose().then(forget))
  atTheEnd(dispose)

  return {
    url: worker.url,
    database,
    proxy,
    faults: proxy.faults,
    upstreams,
    fetch: (path, init) => judgedFetch(judge, new URL(path, worker.url), init),
    token: (role, sub, tenantId) =>
      deviceRoles.some((one) => one === role)
        ? signToken(deviceKey, { role, sub: String(sub), tenantId: tenantId ?? 1, gen: 1 })
        : signToken(testSecret, { role, sub: String(sub), ...(tenantId !== undefined && { tenantId }) }),
    scheduled: worker.scheduled,
    async kill() {
      if (!(await stopWorkerd(worker.address))) throw new Error('There is no process of this Worker')
    },
    dispose,
  }
}

function withoutAssets(config: WorkerConfig): WorkerConfig {
  const { options } = structuredClone(config)
  delete options.assets
  return { ...config, options }
}

async function judgeOf(endpoints: readonly Endpoint[]): Promise<Judge> {
  const { openApiDocument } = await import('../../functions/http/openapi.ts')
  return makeJudge(openApiDocument(endpoints))
}

// Files of one process share it, with the schemas that it has compiled.
const kept = globalThis as { lockstepJudge?: Judge }

function productJudge(document: string): Judge {
  return (kept.lockstepJudge ??= makeJudge(JSON.parse(readFileSync(document, 'utf8'))))
}

async function judgedFetch(judge: Judge, url: URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  // Cloudflare names it in each request.
  if (!headers.has('cf-connecting-ip')) headers.set('cf-connecting-ip', '127.0.0.1')
  const response = await freshFetch(url, { ...init, headers })
  const { status, statusText, headers: told } = response
  let read: string | null = null
  const text = async () => (read ??= await response.text())
  const faults = await judge(
    { method: init.method ?? 'GET', path: url.pathname },
    { status, headers: told, text },
  )
  if (faults.length > 0) throw new Error(faults.join('\n'))
  // A stream stays its reader's alone. A text that was read is given again: a copy of each response would take more time.
  return read === null
    ? response
    : new Response(read === '' ? null : read, { status, statusText, headers: told })
}
