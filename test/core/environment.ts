import type { NeonProxy, NeonProxyOptions } from '../../dev/neon-proxy/server.ts'
import { type Ctx, type IdempotencyRequest, makeContext, readAfter } from '../../functions/core/context.ts'
import { bindingsOf } from '../support/bindings.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { freshProxy } from '../support/proxy.ts'
import { letLocksWait } from './barrier.ts'

export type Environment = {
  database: TestDatabase
  proxy: NeonProxy
  /** A context as a request or a cron tick gets one, connected as the Worker's role through the proxy. */
  ctx(more?: Partial<Pick<Ctx, 'idempotency' | 'principal'>> & { bindings?: object; after?: string }): Ctx
}

/**
 * Postgres, the proxy in front of it, and a context for each caller of a test. Awaited at the top of a file. A session that
 * waits for a lock does so until the test lets go.
 */
export async function freshEnvironment(
  options: Omit<NeonProxyOptions, 'databaseUrl'> = {},
): Promise<Environment> {
  const database = await freshDatabase()
  await letLocksWait(database)
  const proxy = await freshProxy(database, options)
  return {
    database,
    proxy,
    ctx({ bindings = {}, after, ...more } = {}) {
      const ctx = makeContext(
        {
          ...bindingsOf(database, proxy),
          ...bindings,
        },
        { waitUntil: () => undefined },
      )
      if (after !== undefined) readAfter(ctx, after)
      return Object.assign(ctx, { log: silent }, more)
    },
  }
}

const silent = { info: () => undefined, error: () => undefined }

/** The request of an Idempotency-Key header; `hash` stands for the body. */
export function key(id: string, hash = 'same'): IdempotencyRequest {
  return { id, bodyHash: hash, principal: 'test:1', route: 'POST /test' }
}

/** Counts each outcome: `{ ok: 1, busy: 11 }`. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

export function times<T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => make(at)))
}

/** The error of a rejected promise; a promise that resolves fails the test. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  const kept = Symbol('kept')
  const error: unknown = await promise.then(
    () => kept,
    (refused: unknown) => refused,
  )
  if (error === kept) throw new Error('Expected a failure')
  return error
}
