import type { Ctx } from '../../core/context.ts'
import type { Tx } from '../../core/db.ts'
import type { JobResult } from '../../core/job.ts'
import { named, type Statement } from '../../core/named.ts'
import { makePartitions } from '../../core/partitions.ts'
import type { CheckedFix, FetchedPosition } from './fetch-position.ts'

/** Logs at most one fix a second: two answers for the same second are one position. */
export async function logPosition(_ctx: Ctx, tx: Tx, { session, fix }: FetchedPosition): Promise<JobResult> {
  for (const statement of session.records()) await tx.query(statement)
  const detail = { faults: session.faults(), quarantined: session.quarantined() }
  if (!fix)
    return {
      rows: 0,
      outcome: 'failed',
      error: `no upstream and no stored elements give a position: ${JSON.stringify(detail.faults)}`,
    }
  await tx.query(makePartitions('space.iss_fetch_log', [fix.ts]))
  const { length: rows } = await tx.query(insertFix(fix))
  const { source, crossCheckKm } = fix
  return { rows, outcome: rows > 0 ? 'ok' : 'skipped', source, crossCheckKm, ...detail }
}

function insertFix(fix: CheckedFix): Statement {
  return named('space.insert-fix')`
insert into space.iss_fetch_log (
  norad_id, ts, latitude, longitude, altitude_km, velocity_kmh, visibility, source, computed, cross_check_km, error_km
)
values (
  ${fix.noradId}, ${fix.ts.toISOString()}::timestamptz, ${fix.latitude}, ${wrapped(fix.longitude)}, ${fix.altitudeKm},
  ${fix.velocityKmh}, ${fix.visibility}, ${fix.source}, ${fix.source === 'sgp4'}, ${fix.crossCheckKm}, ${fix.errorKm}
)
on conflict (norad_id, ts) do nothing
returning ts`
}

/** The log has one longitude for the antimeridian: -180. */
function wrapped(longitude: number): number {
  return longitude === 180 ? -180 : longitude
}
