/**
 * The accounting of ingested items.
 *
 * Guarantee: in every snapshot, for each stream, answered = stored + duplicate + rejected + dead + waiting + missing.
 * The sums commit with the items. A gap between the totals of two messages of one isolate is `waiting`, and `missing`
 * once 15 minutes have passed since the message that revealed it. A message that comes later closes its gap.
 * How a caller loses: a row whose counts do not add up to the items of a message fails, and nothing is stored.
 * The caller must define the CTEs `fresh` and `accounted` before `counted`. Driver: any.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import type { Message } from './ingest-message.ts'
import { named } from './named.ts'

export type Minute = {
  minute: string
  answered: number
  stored: number
  duplicate: number
  rejected: number
  dead: number
  waiting: number
  missing: number
}

/** A gap: items that an isolate answered between two of its messages that arrived. `after` is null before its first one. */
export type Gap = {
  source: string
  after: string | null
  before: string
  items: number
  state: 'waiting' | 'missing'
}

export type Accounting = { minutes: Minute[]; gaps: Gap[] }

type Window = { from: Date; to: Date }

/** The body of a CTE: each message once, in the order of its key, so that two batches lock in the same order. */
export function readMessages(messages: readonly Message[]): SQL {
  return sql`
  select distinct on (source, n) source, n, at, answered, items, shared
  from jsonb_to_recordset(${JSON.stringify(messages)}::jsonb)
    as m (source uuid, n int, at timestamptz, answered bigint, items jsonb, shared jsonb)
  order by source, n`
}

/**
 * Two CTEs that count. They read `fresh (source, n, at, answered, items, was_dead)` and `accounted (source, n, stored,
 * duplicate, rejected, dead)`. A message that `was_dead` has been counted as dead before.
 */
export function counted(stream: string): SQL {
  return sql`
counted_sources as (
  insert into core.ingest_sources as s (stream, source, answered, items, messages, last_at)
  select ${stream}::text, source, max(answered), sum(items), count(*), max(at)
  from fresh
  where not was_dead
  group by source
  order by source
  on conflict (stream, source) do update
  set answered = greatest(s.answered, excluded.answered), items = s.items + excluded.items,
    messages = s.messages + excluded.messages, last_at = greatest(s.last_at, excluded.last_at), received_at = now()
  returning 1
),
counted_minutes as (
  insert into core.ingest_minutes as m (stream, minute, items, stored, duplicate, rejected, dead)
  select ${stream}::text, date_trunc('minute', f.at), coalesce(sum(f.items) filter (where not f.was_dead), 0),
    coalesce(sum(a.stored), 0), coalesce(sum(a.duplicate), 0), coalesce(sum(a.rejected), 0),
    coalesce(sum(a.dead), 0) - coalesce(sum(f.items) filter (where f.was_dead), 0)
  from fresh f
  left join accounted a using (source, n)
  cross join (select count(*) from counted_sources) locked_before
  group by 2
  order by 2
  on conflict (stream, minute) do update
  set items = m.items + excluded.items, stored = m.stored + excluded.stored,
    duplicate = m.duplicate + excluded.duplicate, rejected = m.rejected + excluded.rejected,
    dead = m.dead + excluded.dead
  returning 1
)`
}

/** The minutes of a window with their gaps, newest first. One statement, so one snapshot. */
export async function readAccounting(ctx: Ctx, stream: string, window: Window): Promise<Accounting> {
  const [row] = await ctx.db.query<{ accounting: Accounting }>(named('core.read-accounting')`
with ${accountedMinutes(stream, window)}
select jsonb_build_object(
  'minutes', coalesce((
    select jsonb_agg(jsonb_build_object(
      'minute', core.iso(minute), 'answered', stored + duplicate + rejected + dead + waiting + missing,
      'stored', stored, 'duplicate', duplicate, 'rejected', rejected, 'dead', dead, 'waiting', waiting,
      'missing', missing
    ) order by minute desc)
    from per_minute
  ), '[]'),
  'gaps', coalesce((
    select jsonb_agg(jsonb_build_object(
      'source', source, 'after', core.iso(after), 'before', core.iso(before), 'items', items, 'state', state
    ) order by before desc)
    from gaps
  ), '[]')
) as accounting`)
  return row?.accounting ?? { minutes: [], gaps: [] }
}

/**
 * CTEs: `gaps (source, after, before, items, state)` and `per_minute (minute, stored, duplicate, rejected, dead, waiting,
 * missing)` of a window. A row joins its own counts to them, in the same snapshot.
 */
export function accountedMinutes(stream: string, { from, to }: Window): SQL {
  return sql`
followed as (
  select f.*
  from core.ingest_sources s
  -- The planner takes nearly all sources for incomplete and would read every message. Lateral reads those of each source.
  cross join lateral (
    select m.source, m.at, m.received_at, m.answered - m.items as before_it,
      lag(m.answered) over following as after_it, lag(m.at) over following as after
    from core.ingest_messages m
    where m.stream = s.stream
      and m.source = s.source
    window following as (order by m.n)
  ) f
  where s.stream = ${stream}
    and s.answered <> s.items
),
gaps as (
  select source, after, at as before, before_it - coalesce(after_it, 0) as items,
    case when received_at < now() - interval '15 minutes' then 'missing' else 'waiting' end as state
  from followed
  where before_it <> coalesce(after_it, 0)
    and at between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz
),
parts as (
  select minute, stored, duplicate, rejected, dead, 0 as waiting, missing
  from core.ingest_minutes
  where stream = ${stream}
    and minute between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz
  union all
  select date_trunc('minute', before), 0, 0, 0, 0,
    case state when 'waiting' then items else 0 end, case state when 'missing' then items else 0 end
  from gaps
),
per_minute as (
  select minute, sum(stored) as stored, sum(duplicate) as duplicate, sum(rejected) as rejected, sum(dead) as dead,
    sum(waiting) as waiting, sum(missing) as missing
  from parts
  group by minute
)`
}

/** Selects `items`: how many items of a stream are missing in a window. */
export function missingItems(stream: string, window: Window): SQL {
  return sql`
with ${accountedMinutes(stream, window)}
select coalesce(sum(missing), 0)::float8 as items
from per_minute`
}

/** Selects the queue of a stream, as core/watch.ts wants it: items that were answered and have not arrived. */
export function waitingItems(stream: string, window: Window): SQL {
  return sql`
with ${accountedMinutes(stream, window)}
select ${stream} as name, coalesce(sum(waiting), 0)::bigint as depth,
  extract(epoch from now() - min(minute) filter (where waiting > 0))::float8 as oldest_seconds,
  (sum(stored + duplicate + rejected) filter (where minute > now() - interval '11 minutes') / 10.0)::float8 as per_minute
from per_minute`
}
