import { sql } from 'drizzle-orm'
import type { Tx } from '../../core/db.ts'
import { named } from '../../core/named.ts'

/** A statement of the consumer that began before a calibration was there has ended by then: its transaction may take 10 s. */
const settledAfter = '15 seconds'

type Due = {
  nodeId: string
  metricId: number
  channel: string
  fromAt: Date | string
  untilAt: Date | string | null
}

/**
 * Calculates the samples of one calibration anew, then their minutes and the newest value. Returns how many samples.
 *
 * Race: a consumer adds to a minute meanwhile. It waits for the locked minute, or its sample is in the snapshot of the
 * second statement, because its transaction ended before the lock was there.
 */
export async function recalculate(tx: Tx): Promise<number> {
  const [due] = await tx.query<Due>(named('fleet.due-recalculation')`
select node_id as "nodeId", metric_id as "metricId", channel, from_at as "fromAt",
  (
    select min(later.from_at)
    from fleet.calibrations later
    where later.node_id = c.node_id
      and later.metric_id = c.metric_id
      and later.channel = c.channel
      and later.from_at > c.from_at
  ) as "untilAt"
from fleet.calibrations c
where applied_at is null
  and created_at < now() - ${settledAfter}::interval
order by created_at
limit 1`)
  if (due === undefined) return 0
  const series = sql`node_id = ${due.nodeId}::bigint
  and metric_id = ${due.metricId}::smallint
  and channel = ${due.channel}`
  const from = sql`${new Date(due.fromAt).toISOString()}::timestamptz`
  const until = sql`${due.untilAt === null ? null : new Date(due.untilAt).toISOString()}::timestamptz`
  await tx.query(named('fleet.recalculate-samples')`
select 1
from fleet.telemetry_1m
where ${series}
  and minute >= date_trunc('minute', ${from}, 'UTC')
order by minute
for update`)
  const [done] = await tx.query<{ samples: number }>(named('fleet.close-recalculation')`
with line as (
  update fleet.calibrations
  set applied_at = now()
  where ${series}
    and from_at = ${from}
  returning gain, shift
),
samples as (
  update fleet.telemetry_samples t
  set value = t.raw * line.gain + line.shift
  from line
  where ${series}
    and ts >= ${from}
    and (${until} is null or ts < ${until})
  returning t.ts, t.value
),
-- The snapshot has the samples as they were, so those of a minute that is only partly covered are added to the new ones.
minutes as (
  select date_trunc('minute', ts, 'UTC') as minute, count(*) as n, sum(value) as sum, min(value) as min,
    max(value) as max, (array_agg(value order by ts desc))[1] as last, max(ts) as last_ts
  from (
    select ts, value from samples
    union all
    select ts, value
    from fleet.telemetry_samples
    where ${series}
      and ts >= date_trunc('minute', ${from}, 'UTC')
      and ts < ${from}
    union all
    select ts, value
    from fleet.telemetry_samples
    where ${series}
      and ts >= ${until}
      and ts < date_trunc('minute', ${until}, 'UTC') + interval '1 minute'
  ) all_of_them
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
  where ${series}
    and ts >= ${from}
    and (${until} is null or ts < ${until})
  returning 1
)
select (select count(*) from samples)::int as samples, (select count(*) from changed)::int as minutes`)
  return done?.samples ?? 0
}
