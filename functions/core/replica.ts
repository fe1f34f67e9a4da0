/**
 * Reads that may be a moment old, on a Neon read replica.
 *
 * Guarantee: a read that names the position of a write (the writer's transaction id, from X-Position) never misses that
 * write: the replica answers only if its snapshot shows the transaction, else the primary is asked (a second trip).
 * A position is a transaction id and not a WAL address because a commit's address is not known before the commit.
 * Without replicas this is the primary itself. Driver: HTTP, one read-only batch.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Db, makeDb } from './db.ts'
import type { Env } from './env.ts'
import type { Metrics } from './metrics.ts'
import { DatabaseError, hasSqlstate } from './sqlstate.ts'

let turn = 0

type Options = { primary: Db; after: string | null }

export function makeReplica(env: Env, metrics: Metrics, { primary, after }: Options): Db {
  const urls = env.DATABASE_URL_REPLICAS
  const url = urls[turn++ % Math.max(urls.length, 1)]
  if (url === undefined) return primary
  const replica = makeDb(url, metrics, { proxy: env.NEON_PROXY })
  return after === null ? replica : notBefore(after, replica, primary)
}

function notBefore(position: string, replica: Db, primary: Db): Db {
  const caughtUp = sql`select core.assert_replayed(${position}::xid8)`
  async function batch(statements: SQL[]): Promise<unknown[][]> {
    try {
      return (await replica.batch([caughtUp, ...statements], { readOnly: true })).slice(1)
    } catch (error) {
      const elsewhere =
        hasSqlstate(error, 'LS020') || (error instanceof DatabaseError && error.sqlstate === null)
      if (!elsewhere) throw error
      return primary.batch(statements, { readOnly: true })
    }
  }
  return {
    ...replica,
    batch,
    // The rows are the statement's own, as in core/db.ts.
    query: async <Row>(statement: SQL) => (await batch([statement]))[0] as Row[],
    with: (settings) => notBefore(position, replica.with(settings), primary.with(settings)),
  }
}
