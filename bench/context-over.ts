import type pg from 'pg'
import { directDb } from '../dev/postgres/direct-db.ts'
import { type Ctx, makeContext, type Principal } from '../functions/core/context.ts'

const limit = async () => ({ success: true })
const bindings = {
  DATABASE_URL: 'postgresql://nobody:nothing@localhost/nowhere',
  AUTH_SECRET: 'a secret that only the benchmarks of this repository use',
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

/** The context of a verb over an open connection: the verb runs as in the Worker, without HTTP in between. */
export function contextOver(
  client: pg.ClientBase,
  principal: Principal,
  options: { plannedOnce?: boolean; hotCalls?: boolean } = {},
): Ctx {
  const db = directDb(client, options)
  const ctx = makeContext(bindings, { waitUntil: () => undefined })
  return Object.assign(ctx, { db, replica: db, principal })
}

/** The context of verbs over Neon's HTTP interface, as in the Worker. With `key` a call has one, and it is new. */
export function contextOverHttp(
  { databaseUrl, proxy }: { databaseUrl: string; proxy: string },
  principal: Principal,
  key = false,
): Ctx {
  const ctx = makeContext(
    { ...bindings, DATABASE_URL: databaseUrl, NEON_PROXY: proxy },
    { waitUntil: () => undefined },
  )
  const request = { id: crypto.randomUUID(), principal: 'p', route: 'r', bodyHash: 'b'.repeat(64) }
  return Object.assign(ctx, { principal, idempotency: key ? request : null })
}
