import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Racer } from './contract.ts'

/** The couriers of the zone `race`. Those that a race of this size lacks are added, each with room for many orders. */
export async function findRacers(ctx: Ctx, count: number): Promise<Racer[]> {
  const [found] = await ctx.db.query<{ racers: Racer[] }>(named('dispatch.find-racers')`
with known as (
  select id, name
  from dispatch.couriers
  where zone = 'race'
    and available
    and held_boxes + 200 <= capacity_boxes
  order by id
  limit ${count}
),
-- Two races at once may both add racers, which harms neither: each race has as many as it wants.
added as (
  insert into dispatch.couriers (name, capacity_boxes, available, zone)
  select 'Racer ' || n, 1000, true, 'race'
  from generate_series((select count(*) from known) + 1, ${count}::int) as n
  returning id, name
)
select coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name) order by id), '[]'::jsonb) as racers
from (select * from known union all select * from added) as racer`)
  return found?.racers ?? []
}
