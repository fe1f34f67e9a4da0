import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { currency } from '../rules.ts'
import type { Day } from './contract.ts'

type Range = { from: string; until: string }

/** Counts the orders created on each of these days, in UTC, by their state now. `until` is the day after the last. */
export async function readDailyStats(ctx: Ctx, range: Range): Promise<Day[]> {
  const rows = await ctx.replica.query<{ day: Day }>(dailyStatement(range))
  return rows.map(({ day }) => day)
}

export function dailyStatement({ from, until }: Range): Statement {
  const midnight = (day: string) => sql`(${day}::date)::timestamp at time zone 'UTC'`
  // Orders lie in the table as they were created, so the range of a few days is a range of pages: idx_orders_created_brin.
  return named('dispatch.daily-stats')`
with made as materialized (
  select (o.created_at at time zone 'UTC')::date as day, count(*) as orders, sum(o.boxes_count) as boxes,
    sum(o.price_minor) as price_minor, sum(o.attempts) as attempts,
    count(*) filter (where o.status = 'delivered') as delivered,
    count(*) filter (where o.status = 'canceled') as canceled
  from dispatch.orders o
  where o.created_at >= ${midnight(from)}
    and o.created_at < ${midnight(until)}
  group by 1
)
select jsonb_build_object(
  'day', days.day::date,
  'orders', coalesce(made.orders, 0),
  'delivered', coalesce(made.delivered, 0),
  'canceled', coalesce(made.canceled, 0),
  'failedAttempts', coalesce(made.attempts, 0),
  'boxes', coalesce(made.boxes, 0),
  'priceMinor', coalesce(made.price_minor, 0),
  'currency', ${currency}::text
) as day
from generate_series(${from}::date, ${until}::date - 1, interval '1 day') as days (day)
left join made on made.day = days.day::date
order by days.day`
}
