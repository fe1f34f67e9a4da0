import { sql } from 'drizzle-orm'
import { apod } from '../../../schema/space/tables.ts'
import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { named, type Statement } from '../../core/named.ts'
import { upsertOf } from '../../core/upsert.ts'
import { recordMisses } from '../upstreams/misses.ts'
import { openSession } from '../upstreams/session.ts'
import { fetchPicture } from './fetch-picture.ts'
import type { ShownPicture } from './read-picture.ts'
import { pictureColumns } from './show.ts'

/** The longest time that a request waits for NASA, and how long no other request asks for the same day. */
const [callMs, claimSeconds] = [12_000, 30]
const none = 'there is no picture'

type Claim = {
  claimed: boolean
  reason: string | null
  waitSeconds: number | null
  picture: ShownPicture | null
}

/**
 * Fetches and stores the picture of a day that is not stored. A quarter of the quota stays for the jobs. A day that failed
 * pauses as in the job, so that requests for it cost no quota.
 */
export async function obtainPicture(ctx: Ctx, day: string): Promise<ShownPicture | Refused> {
  const [{ claimed, reason, waitSeconds, picture: stored } = unclaimed] = await ctx.db.query<Claim>(
    claimStatement(ctx, day),
  )
  if (stored) return stored
  if (!claimed && reason === none) return noPicture(day)
  if (!claimed) return notNow(waitSeconds ?? 3_600)
  const session = await openSession(ctx, ['apod'], { budgetMs: callMs, quotaTaken: true })
  const reply = await fetchPicture(session, day)
  const missed = reply.ok ? (reply.value === null ? none : null) : reply.reason
  const picture = reply.ok ? reply.value : null
  const statements = [
    ...session.records(),
    ...recordMisses('apod', {
      missed: new Map(missed === null ? [] : [[day, missed]]),
      // The claim outlives the fetch: a late request that waited for its deletion would claim the day anew.
      arrived: [],
      now: ctx.now(),
    }),
    ...upsertOf(apod, picture === null ? [] : [picture], { key: ['date'], touch: 'fetchedAt' }),
    named('space.show-picture')`
select ${pictureColumns} || '{"stale": false}' as picture from space.apod a where a.date = ${day}::date`,
  ]
  const results = await ctx.db.batch(statements)
  const [shown] = results.at(-1) as { picture: ShownPicture }[]
  if (shown) return shown.picture
  return missed === none ? noPicture(day) : notNow(60)
}

const unclaimed: Claim = { claimed: false, reason: null, waitSeconds: null, picture: null }

function claimStatement(ctx: Ctx, day: string): Statement {
  const now = sql`${ctx.now().toISOString()}::timestamptz`
  // Race: many requests ask for one day at once. The row's key lets one of them claim it, and the pause refuses the others.
  // A request that began before the claim was committed does not see it, and its answer names the whole time of a claim.
  // A request that comes late finds the picture stored. Requests for many days at once each take their call from the
  // quota, under the lock of its row; those that lose a day have taken one too many until a job reads the quota again.
  return named('space.claim-picture')`
with stored as materialized (
  select ${pictureColumns} || '{"stale": false}' as picture
  from space.apod a
  where a.date = ${day}::date
),
taken as (
  update space.upstream_state
  set quota_left = case when quota_until <= ${now} then quota_limit else quota_left end - 1, quota_until = null
  where upstream = 'api.nasa.gov'
    and not exists (select from stored)
    and not exists (
      select from space.upstream_misses where upstream = 'apod' and object = ${day} and retry_at > ${now}
    )
    and (quota_left > coalesce(quota_limit, 0) / 4 or quota_until <= ${now})
  returning 1
),
allowed as (
  select
  where not exists (select from stored)
    and (
      exists (select from taken)
      or not exists (select from space.upstream_state where upstream = 'api.nasa.gov' and quota_left is not null)
    )
),
claimed as (
  insert into space.upstream_misses as known (upstream, object, failures, reason, missed_at, retry_at)
  select 'apod', ${day}, 0, 'a request is fetching it', ${now}, ${now} + make_interval(secs => ${claimSeconds})
  from allowed
  on conflict (upstream, object) do update
  set missed_at = excluded.missed_at, retry_at = excluded.retry_at
  where known.retry_at <= excluded.missed_at
  returning 1
)
select
  exists (select from claimed) as claimed,
  (select picture from stored) as picture,
  missed.reason,
  case
    when missed.retry_at is not null then ceil(extract(epoch from missed.retry_at - ${now}))::int
    when exists (select from allowed) then ${claimSeconds}::int
  end as "waitSeconds"
from (select) as always
left join space.upstream_misses missed
  on missed.upstream = 'apod'
  and missed.object = ${day}
  and missed.retry_at > ${now}`
}

function noPicture(day: string): Refused {
  return { ok: false, reason: 'not_found', detail: `NASA has no picture for ${day}` }
}

function notNow(retryAfter: number): Refused {
  const detail = 'The picture is not stored and cannot be fetched now'
  return { ok: false, reason: 'no_data_yet', detail, retryAfter: Math.max(1, retryAfter) }
}
