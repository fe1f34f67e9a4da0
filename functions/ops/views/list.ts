import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import type { Watch } from '../../core/watch.ts'
import { staleAfterSeconds } from '../../registry/views.ts'
import { readWatched } from '../alerts/read-watched.ts'
import type { View } from './contract.ts'

/**
 * Each materialized view: its last refresh, its age, the writes since then, the rows that the newest recount found wrong
 * (none after a later refresh), and whether its public answers say `stale`. Then the incremental views that a job compares with their events. One round
 * trip.
 */
export async function listViews(ctx: Ctx, watches: readonly Watch[]): Promise<View[]> {
  const asked = [
    { watch: { rules: [] }, verb: 'ops.list-views', statement: materialized() },
    ...watches.flatMap((watch) =>
      watch.verified === undefined
        ? []
        : [{ watch, verb: 'ops.list-verified', statement: incremental(watch.verified(ctx)) }],
    ),
  ]
  const answers = await readWatched<{ view: View }>(ctx, asked)
  return answers.flatMap((answer) => {
    if (!answer.ok) throw new AppError('unavailable', `The views could not be read: ${answer.why}`)
    return answer.rows.map(({ view }) => view)
  })
}

function materialized(): SQL {
  return sql`
select jsonb_build_object(
  'name', s.view,
  'kind', 'materialized',
  'populated', s.populated,
  'lastRefresh', core.iso(s.last_refresh),
  'asOf', core.iso(s.confirmed_at),
  'ageSeconds', s.age_seconds,
  'durationMs', s.duration_ms,
  'rows', s.rows,
  'sizeBytes', s.size_bytes,
  'pendingWrites', s.pending_writes,
  'stale', coalesce(s.age_seconds > limits.seconds, s.last_refresh is null),
  'skipped', s.skipped,
  'driftKeys', case
    when s.last_refresh < r.recounted_at then r.drift_keys
    when s.last_refresh is not null then 0
  end,
  'verifiedAt', core.iso(greatest(s.last_refresh, r.recounted_at))
) as view
from core.get_views_refresh_status() s
left join core.view_recounts r using (view)
left join lateral (select (${JSON.stringify(staleAfterSeconds)}::jsonb ->> s.view)::float8 as seconds) limits on true
order by s.view
limit 200`
}

/** An incremental view has no refresh: it equals its events at every commit. */
function incremental(verified: SQL): SQL {
  return sql`
select jsonb_build_object(
  'name', v.view,
  'kind', 'incremental',
  'populated', true,
  'lastRefresh', null,
  'asOf', core.iso(now()),
  'ageSeconds', 0,
  'durationMs', null,
  'rows', null,
  'sizeBytes', pg_total_relation_size(v.view::regclass),
  'pendingWrites', 0,
  'stale', false,
  'skipped', null,
  'driftKeys', v.drift_keys,
  'verifiedAt', core.iso(v.verified_at)
) as view
from (${verified}) v (view, drift_keys, verified_at)
order by v.view`
}
