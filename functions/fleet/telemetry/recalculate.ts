import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { holding, type Lease } from '../../core/lease.ts'
import { named } from '../../core/named.ts'

/** A statement of the consumer that began before a calibration was there has ended by then: its transaction may take 10 s. */
const settledAfter = '15 seconds'

/** The consumer of a series waits for half a second while a part is calculated. The next run goes on after `runMs`. */
const bounds = { mostSamples: 20_000, mostMinutes: 5_000, runMs: 30_000 }

type Bounds = typeof bounds

/** Moments are text, because a Date has no microseconds and would not find its row. */
type Due = {
  key: string
  nodeId: string
  metricId: number
  channel: string
  fromAt: string
  beginAt: string
  /** Null: this part is the last one. */
  partAt: string | null
  untilAt: string | null
}

/**
 * Calculates samples of calibrations anew, in parts that each commit by themselves. The tenant that was served longest ago
 * is next, and of its calibrations the one that was served longest ago. So nobody waits for all parts of another, and a
 * part that fails stops no other: the next run tries it again. The fold is another job, so it does not wait for this one.
 */
export async function recalculate(ctx: Ctx, lease: Lease, limits: Bounds = bounds): Promise<JobResult> {
  const end = ctx.now().getTime() + limits.runMs
  const failed: string[] = []
  let [parts, rows, more] = [0, 0, false]
  do {
    const due = await nextDue(ctx, { ...limits, failed })
    more = due !== null
    if (due === null) break
    try {
      rows += await ctx.db.transaction(async (tx) => {
        await tx.query(holding(lease))
        return recalculatePart(tx, due)
      })
      parts += 1
    } catch (error) {
      failed.push(due.key)
      ctx.log.error('recalculate', error, { calibration: due.key })
      await ctx.db.batch([holding(lease), served(due)])
    }
  } while (ctx.now().getTime() < end)
  const done = { rows, parts, more }
  if (failed.length > 0) {
    const what = failed.length === 1 ? '1 calibration' : `${failed.length} calibrations`
    return { ...done, outcome: 'failed', error: `${what} failed, see the log for each` }
  }
  return { ...done, outcome: parts > 0 ? 'ok' : 'skipped' }
}

type Search = Pick<Bounds, 'mostSamples' | 'mostMinutes'> & { failed: readonly string[] }

async function nextDue(ctx: Ctx, search: Search): Promise<Due | null> {
  const [due] = await ctx.db.query<Due>(dueRecalculation(search))
  return due ?? null
}

/** Runs before every part, so it reads what is due and never the calibrations that are applied. */
export function dueRecalculation({ mostSamples, mostMinutes, failed }: Search) {
  return named('fleet.due-recalculation')`
with turns as materialized (
  select waiting.tenant_id, newest.served_at
  from (select distinct tenant_id from fleet.calibrations where applied_at is null) waiting
  cross join lateral (
    select max(c.served_at) as served_at
    from fleet.calibrations c
    where c.tenant_id = waiting.tenant_id
  ) newest
),
due as materialized (
  select c.*, ${keyOf('c')} as key, coalesce(c.applied_until, c.from_at) as begin_at,
    (
      select min(later.from_at)
      from fleet.calibrations later
      where later.node_id = c.node_id
        and later.metric_id = c.metric_id
        and later.channel = c.channel
        and later.from_at > c.from_at
    ) as until_at
  from fleet.calibrations c
  join turns on turns.tenant_id = c.tenant_id
  where c.applied_at is null
    and c.created_at < now() - ${settledAfter}::interval
    and ${keyOf('c')} <> all(${sql.param(failed)}::text[])
  order by turns.served_at nulls first, coalesce(c.served_at, c.created_at)
  limit 1
)
select d.key, d.node_id as "nodeId", d.metric_id as "metricId", d.channel, d.from_at::text as "fromAt",
  d.begin_at::text as "beginAt", d.until_at::text as "untilAt",
  (
    select min(part.at)::text
    from (
      (
        select t.minute
        from fleet.telemetry_1m t
        where t.node_id = d.node_id
          and t.metric_id = d.metric_id
          and t.channel = d.channel
          and t.minute > d.begin_at
        order by t.minute
        offset ${mostMinutes}
        limit 1
      )
      union all
      (
        select greatest(date_trunc('minute', t.ts, 'UTC'), date_trunc('minute', d.begin_at, 'UTC') + interval '1 minute')
        from fleet.telemetry_samples t
        where t.node_id = d.node_id
          and t.metric_id = d.metric_id
          and t.channel = d.channel
          and t.ts >= d.begin_at
        order by t.ts
        offset ${mostSamples}
        limit 1
      )
    ) part (at)
    where part.at < coalesce(d.until_at, 'infinity')
  ) as "partAt"
from due d`
}

function keyOf(row: string) {
  const c = sql.raw(row)
  return sql`concat_ws(' ', ${c}.node_id, ${c}.metric_id, ${c}.from_at, ${c}.channel)`
}

/** A part that failed has had its turn. */
function served({ nodeId, metricId, channel, fromAt }: Due) {
  return named('fleet.note-failed-part')`
update fleet.calibrations
set served_at = clock_timestamp()
where node_id = ${nodeId}::bigint
  and metric_id = ${metricId}::smallint
  and channel = ${channel}
  and from_at = ${moment(fromAt)}`
}

/**
 * Calculates the samples of a part anew, then their minutes and the newest value.
 *
 * Race: a consumer adds to a minute meanwhile. It waits for the locked minute, or its sample is in the snapshot of the
 * last statement, because its transaction ended before the lock was there. Both lock samples, the newest value and
 * minutes in this order, so they never wait for each other.
 */
async function recalculatePart(tx: Tx, due: Due): Promise<number> {
  const series = sql`node_id = ${due.nodeId}::bigint
  and metric_id = ${due.metricId}::smallint
  and channel = ${due.channel}`
  const isLast = due.partAt === null
  const begin = moment(due.beginAt)
  const end = moment(due.partAt ?? due.untilAt ?? 'infinity')
  const inPart = sql`${series}
    and ts >= ${begin}
    and ts < ${end}`
  await tx.query(named('fleet.recalculate-samples')`
with samples as materialized (
  select
  from fleet.telemetry_samples
  where ${inPart}
  order by ts
  for no key update
),
newest as materialized (
  select
  from fleet.telemetry_last
  where ${series}
    and (select count(*) from samples) >= 0
  for no key update
),
minutes as materialized (
  select
  from fleet.telemetry_1m
  where ${series}
    and minute >= date_trunc('minute', ${begin}, 'UTC')
    and minute < ${end}
    and (select count(*) from newest) >= 0
  order by minute
  for no key update
)
select count(*)::int as minutes from minutes`)
  const [done] = await tx.query<{ samples: number }>(named('fleet.close-recalculation')`
with line as (
  -- A line that was set again meanwhile begins anew.
  update fleet.calibrations
  set applied_until = case when not ${isLast}::boolean then ${end} end, applied_at = case when ${isLast}::boolean then now() end,
    served_at = clock_timestamp()
  where ${series}
    and from_at = ${moment(due.fromAt)}
    and applied_at is null
    and created_at < now() - ${settledAfter}::interval
  returning gain, shift
),
samples as materialized (
  select t.ts, t.raw * line.gain + line.shift as value
  from fleet.telemetry_samples t
  cross join line
  where ${inPart}
),
calculated as (
  update fleet.telemetry_samples t
  set value = t.raw * line.gain + line.shift
  from line
  where ${inPart}
    and t.value is distinct from t.raw * line.gain + line.shift
  returning 1
),
-- A minute that this part covers only partly keeps its other samples. A line whose end has moved before its begin has no part.
minutes as (
  select date_trunc('minute', ts, 'UTC') as minute, count(*) as n, sum(value) as sum, min(value) as min,
    max(value) as max, (array_agg(value order by ts desc))[1] as last, max(ts) as last_ts
  from (
    select ts, value from samples
    union all
    select t.ts, t.value
    from fleet.telemetry_samples t
    cross join line
    where ${series}
      and ts >= date_trunc('minute', ${begin}, 'UTC')
      and ts < ${begin}
    union all
    select t.ts, t.value
    from fleet.telemetry_samples t
    cross join line
    where ${series}
      and ts >= ${end}
      and ts < date_trunc('minute', ${end} - interval '1 microsecond', 'UTC') + interval '1 minute'
  ) all_of_them
  where ${begin} < ${end}
  group by 1
),
changed as (
  update fleet.telemetry_1m t
  set n = m.n, sum = m.sum, min = m.min, max = m.max, last = m.last, last_ts = m.last_ts, folded = false
  from minutes m
  where ${series}
    and t.minute = m.minute
  returning 1
),
newest as (
  update fleet.telemetry_last t
  set value = t.raw * line.gain + line.shift
  from line
  where ${inPart}
  returning 1
)
select (select count(*) from samples)::int as samples`)
  return done?.samples ?? 0
}

function moment(at: string) {
  return sql`${at}::timestamptz`
}
