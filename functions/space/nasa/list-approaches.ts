import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { readWindow, type Windowed } from '../upstreams/read-window.ts'

type Filter = {
  from: string
  to: string
  hazardous: boolean | null
  after: [approachAt: string, id: string, body: string] | null
  limit: number
}
export type ShownApproach = Record<string, unknown> & { approachAt: string; id: string; orbitingBody: string }

/** Approaches from the first day through the last, as far as they are covered, by time. */
export async function listApproaches(
  ctx: Ctx,
  { from, to, hazardous, after, limit }: Filter,
): Promise<Windowed<ShownApproach> | Refused | null> {
  return readWindow(
    ctx,
    { copy: 'approaches', from, to },
    ({ since, before }) => sql`
select jsonb_build_object(
  'id', n.neo_id, 'name', n.name, 'orbitingBody', n.orbiting_body, 'approachAt', core.iso(n.approach_at),
  'hazardous', n.hazardous, 'sentry', n.sentry, 'absoluteMagnitude', n.absolute_magnitude,
  'diameterMinM', n.diameter_min_m, 'diameterMaxM', n.diameter_max_m, 'velocityKmh', n.velocity_kmh,
  'missDistanceKm', n.miss_distance_km, 'jplUrl', n.jpl_url
)
from space.neo_approaches n
where n.approach_at >= ${since}
  and n.approach_at < ${before}
  ${after === null ? sql`` : sql`and (n.approach_at, n.neo_id, n.orbiting_body) > (${after[0]}::timestamptz, ${after[1]}, ${after[2]})`}
  ${hazardous === null ? sql`` : sql`and n.hazardous = ${hazardous}`}
order by n.approach_at, n.neo_id, n.orbiting_body
limit ${limit}`,
  )
}
