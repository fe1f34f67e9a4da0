import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { flareRank } from '../rules.ts'
import { readCopy } from '../upstreams/read-copy.ts'
import { weatherColumns } from '../upstreams/show.ts'
import type { Viewed } from '../views/read.ts'
import type { WeatherEvent } from './contract.ts'

type Asked = {
  type: WeatherEvent['type']
  from: string
  to: string
  minRank: number | null
  before: [startedAt: string, id: string] | null
  limit: number
}

/** Events of one type that began on these days, both included, newest first. */
export async function listWeather(
  ctx: Ctx,
  { type, from, to, minRank, before, limit }: Asked,
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

/** The least rank of a class: a flare's is a letter and a number, a storm's a Kp index, an ejection's km/s; else null. */
export function rankOf(type: WeatherEvent['type'], minClass: string): number | null {
  if (type === 'flr') return flareRank(minClass)
  const number = Number(minClass)
  if (type === 'gst' && number >= 0 && number <= 9) return number * 10
  return type === 'cme' && number >= 0 && number <= 9_999 ? number : null
}
