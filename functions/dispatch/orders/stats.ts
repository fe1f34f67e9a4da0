import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Stats } from './contract.ts'

/** Counts of live orders now, and the events, times and lost claims of the last hours. */
export async function readStats(ctx: Ctx, { hours }: { hours: number }): Promise<Stats> {
  const since = sql`now() - make_interval(hours => ${hours})`
  const [row] = await ctx.replica.query<{ stats: Stats }>(named('dispatch.read-stats')`
with live as (
  select o.status, count(*) as orders, extract(epoch from now() - min(o.created_at)) as oldest_seconds
  from dispatch.orders o
  where o.status in ('new', 'assigned', 'accepted', 'picked_up')
  group by o.status
),
recent as materialized (
  select e.id, e.order_id, e.type, e.from_status, e.to_status, e.created_at
  from dispatch.order_events e
  where e.created_at >= ${since}
),
types as (
  select type, count(*) as events
  from recent
  group by type
),
stays as (
  select left_it.from_status as status, greatest(0, extract(epoch from left_it.created_at - came.created_at)) as seconds
  from recent left_it
  cross join lateral (
    select e.created_at
    from dispatch.order_events e
    where e.order_id = left_it.order_id
      and e.id < left_it.id
      and e.from_status is distinct from e.to_status
    order by e.id desc
    limit 1
  ) came
  where left_it.from_status <> left_it.to_status
),
states as (
  select status, count(*) as orders, avg(seconds) as mean,
    percentile_cont(array[0.5, 0.95]) within group (order by seconds) as quantiles
  from stays
  group by status
),
lost as materialized (
  select order_id, courier_id, times
  from dispatch.lost_claims
  where last_at >= ${since}
),
lost_orders as (
  select order_id, sum(times) as times
  from lost
  group by order_id
  order by times desc, order_id
  limit 10
),
lost_couriers as (
  select courier_id, sum(times) as times
  from lost
  group by courier_id
  order by times desc, courier_id
  limit 10
)
select jsonb_build_object(
  'asOf', core.iso(now()),
  'hours', ${hours}::int,
  'live', (
    select jsonb_object_agg(status, jsonb_build_object(
      'orders', coalesce(orders, 0),
      'oldestSeconds', round(oldest_seconds)
    ))
    from unnest('{new,assigned,accepted,picked_up}'::text[]) status
    left join live using (status)
  ),
  'couriers', (
    select jsonb_build_object(
      'available', count(*) filter (where available),
      'heldBoxes', coalesce(sum(held_boxes) filter (where available), 0),
      'capacityBoxes', coalesce(sum(capacity_boxes) filter (where available), 0)
    )
    from dispatch.couriers
  ),
  'events', coalesce((select jsonb_object_agg(type, events) from types), '{}'::jsonb),
  'states', coalesce((
    select jsonb_object_agg(status, jsonb_build_object(
      'orders', orders,
      'meanSeconds', round(mean, 1),
      'medianSeconds', round(quantiles[1]::numeric, 1),
      'p95Seconds', round(quantiles[2]::numeric, 1)
    ))
    from states
  ), '{}'::jsonb),
  'lostClaims', jsonb_build_object(
    'total', (select coalesce(sum(times), 0) from lost),
    'orders', coalesce((
      select jsonb_agg(jsonb_build_object('orderId', order_id, 'times', times) order by times desc, order_id)
      from lost_orders
    ), '[]'::jsonb),
    'couriers', coalesce((
      select jsonb_agg(jsonb_build_object('courierId', courier_id, 'times', times) order by times desc, courier_id)
      from lost_couriers
    ), '[]'::jsonb)
  )
) as stats`)
  if (row === undefined) throw new Error('The statistics query returned no row')
  return row.stats
}
