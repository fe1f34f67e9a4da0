import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readCopy } from '../upstreams/read-copy.ts'
import type { Viewed } from '../views/read.ts'
import type { WeatherEvent } from './contract.ts'
import { weatherColumns } from './show.ts'

/** Holds one event with every stored version of it, or none if the event is not stored. */
export async function readWeather(
  ctx: Ctx,
  { type, id }: { type: WeatherEvent['type']; id: string },
): Promise<Viewed<WeatherEvent & { versions: unknown[] }> | null> {
  const rows = sql`
select ${weatherColumns} || jsonb_build_object('versions', (
  select coalesce(jsonb_agg(
    jsonb_build_object('versionId', r.version_id, 'seenAt', core.iso(r.seen_at)) order by r.version_id
  ), '[]'::jsonb)
  from space.donki_revisions r
  where r.type = e.type
    and r.event_id = e.event_id
))
from space.donki_events e
where e.type = ${type}
  and e.event_id = ${id}`
  return readCopy(ctx, type, rows)
}
