import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { readWindow, type Windowed } from '../upstreams/read-window.ts'
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

/** Events of one type that began from the first day through the last, as far as they are covered, newest first. */
export async function listWeather(
  ctx: Ctx,
  { type, from, to, minRank, before: last, limit }: Filter,
): Promise<Windowed<WeatherEvent> | Refused | null> {
  return readWindow(
    ctx,
    { copy: type, from, to },
    ({ since, before }) => sql`
select ${weatherColumns}
from space.donki_events e
where e.type = ${type}
  and e.started_at >= ${since}
  and e.started_at < ${before}
  ${last === null ? sql`` : sql`and (e.started_at, e.event_id) < (${last[0]}::timestamptz, ${last[1]})`}
  ${minRank === null ? sql`` : sql`and e.rank >= ${minRank}`}
order by e.started_at desc, e.event_id desc
limit ${limit}`,
  )
}
