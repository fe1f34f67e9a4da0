import { sql } from 'drizzle-orm'
import { named, type Statement } from '../../core/named.ts'
import type { UpstreamName } from './services.ts'

type Walked = {
  /** Object → why it could not be fetched. */
  missed: ReadonlyMap<string, string>
  arrived: readonly string[]
  now: Date
}

/** After its first miss an object is tried in the next run, then after 6, 18, 42 hours … and at most a week. */
const pauseHours = 6
const longestPauseHours = 168

/** Records which objects of an upstream were passed over, and forgets the misses of those that arrived. */
export function recordMisses(upstream: UpstreamName, { missed, arrived, now }: Walked): Statement[] {
  const at = sql`${now.toISOString()}::timestamptz`
  const forget = named('space.forget-misses')`
delete from space.upstream_misses
where upstream = ${upstream}
  and object = any (${sql.param(arrived)}::text[])`
  const remember = named('space.remember-misses')`
insert into space.upstream_misses as known (upstream, object, failures, reason, missed_at, retry_at)
select ${upstream}, object, 1, reason, ${at}, ${at}
from unnest(${sql.param([...missed.keys()])}::text[], ${sql.param([...missed.values()])}::text[]) missed (object, reason)
order by object
on conflict (upstream, object) do update
set failures = known.failures + 1,
    reason = excluded.reason,
    missed_at = excluded.missed_at,
    retry_at = excluded.missed_at
      + make_interval(hours => least(${pauseHours} * (2 ^ least(known.failures, 10) - 1), ${longestPauseHours})::int)`
  return [...(arrived.length > 0 ? [forget] : []), ...(missed.size > 0 ? [remember] : [])]
}
