/**
 * Reads on a Neon read replica, whose data may be a moment old.
 *
 * Guarantee: a read that names the position of a write (the writer's transaction id, from X-Position) never misses that
 * write. The replica answers only if its snapshot shows the transaction. A read without a position gets data that is at
 * most ten seconds behind. If the replica is behind, too old, unreachable or cancels the read, the primary answers, at
 * the cost of a second round trip. A replica that failed is left out for a while (replica-turns.ts), so a dead one costs
 * a reader one answer that is two seconds late, and not each reader.
 * A position is a transaction id and not a WAL address, because a commit's address is not known before the commit.
 * Without replicas this is the primary itself. Driver: HTTP, one read-only batch.
 */
import type { Env } from '../registry/env.ts'
import { type BatchOptions, type Db, makeDb } from './db.ts'
import type { Metrics } from './metrics.ts'
import { named, type Statement } from './named.ts'
import { makeReplicaTurns, type ReplicaOutcome, type ReplicaTurns } from './replica-turns.ts'
import { DatabaseError, isExhausted, leavesDoubt } from './sqlstate.ts'

/** All requests of one isolate share the turns; a test brings its own. */
export const sharedTurns = makeReplicaTurns()

/** A read that takes longer than this is sent to the primary. */
export const replicaLimits = { connectMs: 2_000, answerMs: 2_000 }

type Options = { primary: Db; after: string | null; turns?: ReplicaTurns }

export function makeReplica(env: Env, metrics: Metrics, options: Options): Db {
  const urls = env.DATABASE_URL_REPLICAS
  const { primary, after, turns = sharedTurns } = options
  if (urls.length === 0) return primary
  const replicas = new Map(
    urls.map((url) => [url, makeDb(url, metrics, { proxy: env.NEON_PROXY, limits: replicaLimits })]),
  )
  return orPrimary(replicas, { primary, after, turns, metrics })
}

function orPrimary(replicas: ReadonlyMap<string, Db>, options: Required<Options> & { metrics: Metrics }): Db {
  const { primary, after, turns, metrics } = options
  const numberOf = (url: string) => String([...replicas.keys()].indexOf(url) + 1)
  const fresh = named('core.assert-fresh')`select core.assert_fresh(${after}::xid8, interval '10 seconds')`
  async function batch(statements: Statement[], options: BatchOptions = {}): Promise<unknown[][]> {
    const reading = { ...options, readOnly: true }
    const url = turns.next([...replicas.keys()], Date.now())
    const replica = url === null ? undefined : replicas.get(url)
    if (url === null || replica === undefined) {
      metrics.count('replica_reads_total', { replica: 'all', outcome: 'left_out' })
      return primary.batch(statements, reading)
    }
    const report = (outcome: ReplicaOutcome) => {
      turns.report(url, outcome, Date.now())
      metrics.count('replica_reads_total', { replica: numberOf(url), outcome })
    }
    try {
      const rows = (await replica.batch([fresh, ...statements], reading)).slice(1)
      report('served')
      return rows
    } catch (error) {
      const outcome = outcomeOf(error)
      report(outcome ?? 'served')
      if (outcome === null) throw error
      return primary.batch(statements, reading)
    }
  }
  return {
    batch,
    // The verb declares the row type, as in core/db.ts.
    // A read-only batch begins with its check of the age, so no statement is alone in it.
    call: async () => null,
    query: async <Row>(statement: Statement) => (await batch([statement]))[0] as Row[],
    transaction: primary.transaction,
    with: (settings) =>
      orPrimary(new Map([...replicas].map(([url, db]) => [url, db.with(settings)])), {
        ...options,
        primary: primary.with(settings),
      }),
  }
}

/** Why the primary must answer; null if the statement itself is at fault. */
function outcomeOf(error: unknown): Exclude<ReplicaOutcome, 'served'> | null {
  if (!(error instanceof DatabaseError)) return null
  const { sqlstate } = error
  if (sqlstate === 'LS020') return 'behind'
  if (sqlstate === 'LS021') return 'stale'
  // Replay removed rows that the read needed.
  if (sqlstate === '40001' || sqlstate === '40P01') return 'cancelled'
  return leavesDoubt(sqlstate) || isExhausted(sqlstate) || sqlstate === '57P03' ? 'out' : null
}
