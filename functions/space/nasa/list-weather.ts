import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readCopy } from '../upstreams/read-copy.ts'
import type { Viewed } from '../views/read.ts'
import type { WeatherEvent } from './contract.ts'
import { weatherColumns } from './show.ts'

type Filter = {
  type: WeatherEvent['type']
  from: string
  to: string
  minRank: number | null
  before: [startedAt: string, id: string] | null
  limit: number
}

/** Events of one type that began from the first day through the last, newest first. */
export async function listWeather(
  ctx: Ctx,
  { type, from, to, minRank, before, limit }: Filter,
): Promise<Viewed<WeatherEvent> | null> {
  const rows = sql`
select ${weatherColumns}
from space.donki_events e
where e.type = ${type}
  and e.started_at >= ${from}::date at time zone 'UTC'
  and e.started_at < (${to}::date + 1) at time zone 'UTC'
  ${before === null ? sql`` : sql`and (e.started_at, e.event_id) < (${before[0]}::timestamptz, ${before[1]})`}
  ${minRank === null ? sql`` : sql`and e.rank >= ${minRank}`}
order by e.started_at desc, e.event_id desc
limit ${limit}`
  return readCopy(ctx, 'weather', rows)
}
