import type { Ctx } from '../../core/context.ts'
import { makeDb } from '../../core/db.ts'
import { named } from '../../core/named.ts'
import { replicaLimits, sharedTurns } from '../../core/replica.ts'
import { DatabaseError } from '../../core/sqlstate.ts'
import type { Replica, Replicas } from './contract.ts'

type Figures = Pick<Replica, 'standby' | 'replayPaused' | 'lagSeconds' | 'lastCommitAgeSeconds'>

const unknown: Figures = { standby: null, replayPaused: null, lagSeconds: null, lastCommitAgeSeconds: null }

/** Asks each read replica for its age, all at once. A replica that does not answer within two seconds is not reachable. */
export async function listReplicas(ctx: Ctx): Promise<Replica[]> {
  return Promise.all(ctx.env.DATABASE_URL_REPLICAS.map((url, at) => describeReplica(ctx, url, at + 1)))
}

/** The replicas, and how many reads of this isolate found all of them left out. */
export async function readReplicas(ctx: Ctx): Promise<Omit<Replicas, 'nextCursor'>> {
  return { data: await listReplicas(ctx), leftOut: sharedTurns.leftOut() }
}

async function describeReplica(ctx: Ctx, url: string, number: number): Promise<Replica> {
  const now = ctx.now()
  const { outcomes, outUntilMs } = sharedTurns.standing(url, now.getTime())
  const seen = {
    number,
    host: new URL(url).host,
    asOf: now.toISOString(),
    outUntil: outUntilMs === null ? null : new Date(outUntilMs).toISOString(),
    outcomes,
  }
  try {
    return { ...seen, reachable: true, why: null, ...(await askReplica(ctx, url)) }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const why =
      error.sqlstate === null
        ? 'no connection, or no answer within two seconds'
        : `Postgres refused: ${error.sqlstate}`
    return { ...seen, reachable: false, why, ...unknown }
  }
}

async function askReplica(ctx: Ctx, url: string): Promise<Figures> {
  const replica = makeDb(url, ctx.metrics, { proxy: ctx.env.NEON_PROXY, limits: replicaLimits })
  const [figures] = await replica.query<Figures>(named('ops.ask-replica')`
select
  standby,
  case when standby then pg_is_wal_replay_paused() end as "replayPaused",
  case
    when standby and pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
    when standby then last_commit_age
  end as "lagSeconds",
  case when standby then last_commit_age end as "lastCommitAgeSeconds"
from (
  select pg_is_in_recovery() as standby,
    greatest(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8, 0) as last_commit_age
) found`)
  return figures ?? unknown
}
