/**
 * Reads on a Neon read replica, whose data may be a moment old.
 *
 * Guarantee: a read that names the position of a write (the writer's transaction id, from X-Position) never misses that
 * write. The replica answers only if its snapshot shows the transaction. If the replica is behind, unreachable or
 * cancels the read, the primary answers, at the cost of a second round trip.
 * A position is a transaction id and not a WAL address, because a commit's address is not known before the commit.
 * Without replicas this is the primary itself. Driver: HTTP, one read-only batch.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Env } from '../registry/env.ts'
import { type BatchOptions, type Db, makeDb } from './db.ts'
import type { Metrics } from './metrics.ts'
import { DatabaseError, leavesDoubt } from './sqlstate.ts'

let turn = 0

type Options = { primary: Db; after: string | null }

export function makeReplica(env: Env, metrics: Metrics, { primary, after }: Options): Db {
  const urls = env.DATABASE_URL_REPLICAS
  const url = urls[turn++ % Math.max(urls.length, 1)]
  if (url === undefined) return primary
  return orPrimary(makeDb(url, metrics, { proxy: env.NEON_PROXY }), { primary, after })
}

function orPrimary(replica: Db, { primary, after }: Options): Db {
  const caughtUp = after === null ? [] : [sql`select core.assert_replayed(${after}::xid8)`]
  async function batch(statements: SQL[], options: BatchOptions = {}): Promise<unknown[][]> {
    const reading = { ...options, readOnly: true }
    try {
      return (await replica.batch([...caughtUp, ...statements], reading)).slice(caughtUp.length)
    } catch (error) {
      if (!isForThePrimary(error)) throw error
      return primary.batch(statements, reading)
    }
  }
  return {
    batch,
    // The verb declares the row type, as in core/db.ts.
    // A read-only batch begins with its check of the position, so no statement is alone in it.
    call: async () => null,
    query: async <Row>(statement: SQL) => (await batch([statement]))[0] as Row[],
    transaction: replica.transaction,
    with: (settings) => orPrimary(replica.with(settings), { primary: primary.with(settings), after }),
  }
}

/** The replica is behind, unreachable or full, or replay cancelled the read because of a conflict (40001, 40P01). */
function isForThePrimary(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false
  const { sqlstate } = error
  return leavesDoubt(sqlstate) || ['LS020', '57P03', '53300', '40001', '40P01'].includes(sqlstate ?? '')
}
