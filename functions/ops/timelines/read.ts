import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Kind, Story } from '../../core/story.ts'
import type { Timeline } from './contract.ts'

const most = 1_000

type Found = Pick<Timeline, 'asOf' | 'entries' | 'more' | 'requests'>

/**
 * The history of one thing over all rows, in one statement; null if the caller can see no such thing. A request is found by
 * its transaction: an append-only row keeps the low half of its id as xmin, so events store nothing about requests. Owners
 * see the entries of the row that has the thing; deliveries, requests and alerts are for admins.
 */
export async function readTimeline(
  ctx: Ctx,
  stories: readonly Story[],
  { kind, id }: { kind: string; id: string },
): Promise<Timeline | null> {
  const known = stories.flatMap(({ kinds = {} }) => (Object.hasOwn(kinds, kind) ? [kinds[kind]] : []))[0]
  if (known === undefined || !mayRead(ctx, known) || !known.id.test(id)) return null
  const elsewhere = ctx.principal?.role === 'admin' ? othersOf(stories, { kind, id }) : []
  const db = known.settings === undefined ? ctx.db : ctx.db.with(known.settings(ctx))
  const [found] = await db.query<Found>(named('ops.read-timeline')`
with own as materialized (
  select at, lane, type, text, refs, xid
  from (${known.entries(ctx, id)}) own (at, lane, type, text, refs, xid)
),
entries as (
  select at, lane, type, text, refs, 1 as place from own
  ${sql.join(
    elsewhere.map(
      (other) =>
        sql`union all select at, lane, type, text, refs, 2 from (${other}) other (at, lane, type, text, refs, xid)`,
    ),
    sql` `,
  )}
),
newest as (
  select *, count(*) over () as total
  from entries
  where exists (select from own)
  order by at desc, place desc
  limit ${most}
)
select core.iso(now()) as "asOf", coalesce(jsonb_agg(jsonb_build_object(
    'at', core.iso(at), 'lane', lane, 'type', type, 'text', text, 'refs', refs
  ) order by at, place), '[]') as entries,
  coalesce(max(total) > ${most}, false) as more,
  case when bool_or(lane = 'request' and refs ? 'request') then 'known' else 'unknown' end as requests
from newest`)
  return found === undefined || found.entries.length === 0 ? null : { kind, id, ...found }
}

function mayRead({ principal }: Ctx, { roles }: Kind): boolean {
  return principal !== null && (principal.role === 'admin' || roles.includes(principal.role))
}

/** The requests and job runs behind the entries, what follows from the thing in other rows, and for a request what it wrote. */
function othersOf(stories: readonly Story[], thing: { kind: string; id: string }): SQL[] {
  const about = stories.flatMap(({ about: of }) => of?.(thing) ?? [])
  if (thing.kind !== 'request') return [requests, jobRuns, ...about]
  const by = { xid: sql`k.xid`, low: sql`k.xid::text::bigint & 4294967295` }
  const written = stories.flatMap(({ written: of }) => of?.(by) ?? [])
  return written.map(
    (one) => sql`
select w.*
from core.idempotency_keys k
cross join lateral (${one}) w
where k.request_id = ${thing.id}
  and k.xid is not null`,
  )
}

const requests = sql`
select k.created_at as at, 'request' as lane, k.route as type, 'by ' || k.principal as text,
  jsonb_strip_nulls(jsonb_build_object('request', k.request_id, 'xid', k.xid::text)) as refs, null::bigint as xid
from core.idempotency_keys k
where (k.xid::text::bigint & 4294967295) in (select o.xid from own o where o.xid is not null)`

/** A job that works in portions or under a lease writes in further transactions, which its runs do not name. */
const jobRuns = sql`
select r.started_at as at, 'job' as lane, r.job as type, r.outcome || ', ' || r.trigger as text,
  jsonb_strip_nulls(jsonb_build_object('run', r.id, 'slot', core.iso(r.slot))) as refs, null::bigint as xid
from core.job_runs r
where (r.xid::text::bigint & 4294967295) in (select o.xid from own o where o.xid is not null)`
