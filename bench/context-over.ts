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
