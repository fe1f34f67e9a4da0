import type { Ctx } from '../../core/context.ts'
import { accountedMinutes } from '../../core/ingest-accounting.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Accounting } from './contract.ts'

type Window = { from: Date; to: Date }
type Counted = { accounting: Accounting }

/**
 * The minutes of a window by receipt, newest first, in one snapshot. An admin of all tenants also gets the samples in
 * messages that are dead, on their way or missing: a message that did not arrive names no tenant.
 */
export async function readTelemetryAccounting(ctx: Ctx, { from, to }: Window): Promise<Accounting> {
  const ofAll = ctx.principal?.role === 'admin' && ctx.principal.tenantId === null
  const [row] = await replicaScope(ctx).query<Counted>(named('fleet.read-accounting')`
with ${accountedMinutes('telemetry', { from, to })},
own as (
  select minute, sum(received) as received, sum(accepted) as accepted, sum(late) as late, sum(duplicate) as duplicate,
    sum(conflicting) as conflicting, sum(rejected) as rejected, sum(thinned) as thinned, sum(refused) as refused
  from fleet.telemetry_minutes
  where minute between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz
  group by minute
),
arrived as (
  select minute, stored + duplicate + rejected + dead + waiting + missing as received, dead, waiting, missing
  from per_minute
  where ${ofAll}::boolean
),
minutes as (
  select minute, coalesce(a.received, o.received) as received, o.accepted, o.late, o.duplicate, o.conflicting,
    o.rejected, o.thinned, o.refused, a.dead, a.waiting, a.missing
  from own o
  full join arrived a using (minute)
  order by minute desc
  limit 1500
),
lost as (
  select node.uid, b.boot_id, b.last_at, int4multirange(range_merge(b.seen)) - b.seen as numbers
  from fleet.node_boots b
  join fleet.nodes node on node.id = b.node_id
  where b.last_at >= ${from.toISOString()}::timestamptz
    and b.first_at <= ${to.toISOString()}::timestamptz
    and b.seen <> int4multirange(range_merge(b.seen))
  order by b.last_at desc
  limit 200
)
select jsonb_build_object(
  'data', coalesce((
    select jsonb_agg(jsonb_build_object(
      'minute', core.iso(minute), 'received', received, 'accepted', coalesce(accepted, 0), 'late', coalesce(late, 0),
      'duplicate', coalesce(duplicate, 0), 'conflicting', coalesce(conflicting, 0), 'rejected', coalesce(rejected, 0),
      'thinned', coalesce(thinned, 0), 'refused', coalesce(refused, 0), 'dead', coalesce(dead, 0),
      'waiting', coalesce(waiting, 0), 'missing', coalesce(missing, 0)
    ) order by minute desc)
    from minutes
  ), '[]'),
  'lostOnTheWay', coalesce((
    select jsonb_agg(jsonb_build_object(
      'nodeUid', uid, 'bootId', boot_id, 'lastAt', core.iso(last_at),
      'lost', (
        select jsonb_agg(jsonb_build_object('from', lower(span), 'to', upper(span) - 1) order by span)
        from unnest(numbers) span
      )
    ) order by last_at desc)
    from lost
  ), '[]')
) as accounting`)
  return row?.accounting ?? { data: [], lostOnTheWay: [] }
}
