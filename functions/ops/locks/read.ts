import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { locks } from '../../registry/locks.ts'
import type { Locks } from './contract.ts'

type Waiting = Omit<Locks['sessions'][number], 'depth' | 'lock'> & { number: number | null }

type Found = { asOf: string; sessions: Waiting[]; horizon: Locks['horizon'] }

/**
 * Sessions that wait below those that block them, and snapshots that keep vacuum from removing rows of this database.
 * The blockers are looked up for waiting sessions only, because that takes Postgres' table of locks. Of a statement only its
 * name is read, and only of the Worker's own sessions.
 */
export async function readLocks(ctx: Ctx): Promise<Locks> {
  const [found] = await ctx.db.query<Found>(named('ops.read-locks')`
with sessions as materialized (
  select s.*, case when s.waits_for_lock then pg_blocking_pids(s.pid) else '{}' end as blocked_by
  from core.show_sessions() s
),
concerned as (
  select s.*
  from sessions s
  where s.waits_for_lock
    or s.pid in (select unnest(blocked_by) from sessions)
  order by s.transaction_at
  limit 500
)
select core.iso(now()) as "asOf",
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      ${session},
      'blockedBy', to_jsonb(s.blocked_by),
      'waitMs', case when s.waits_for_lock then 1000 * extract(epoch from now() - l.waitstart)::float8 end,
      'type', l.locktype, 'relation', l.relation::regclass::text, 'mode', l.mode,
      'number', case when l.locktype = 'advisory' then case when l.objsubid = 2 then l.classid else l.objid end::bigint end,
      'own', s.own
    ) order by s.transaction_at), '[]')
    from concerned s
    left join lateral (select * from pg_locks l where l.pid = s.pid and not l.granted limit 1) l on true
  ) as sessions,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      ${session}, 'xminAge', s.xmin_age
    ) order by s.xmin_age desc, s.transaction_at), '[]')
    from (
      select *
      from sessions
      where xmin_age is not null
        and (database = current_database() or database is null)
      order by xmin_age desc, transaction_at
      limit 10
    ) s
  ) as horizon`)
  if (found === undefined) throw new Error('Postgres returned no row of its locks')
  return { ...found, sessions: asTree(found.sessions) }
}

/** Of `s`, a session. */
const session = sql`
      'pid', s.pid, 'role', s.role, 'application', s.application, 'state', s.state,
      'name', (
        select substring(a.query from '/\\* ([a-z]+\\.[a-z0-9_-]+) \\*/') from pg_stat_activity a where a.pid = s.pid and s.own
      ),
      'xactStart', core.iso(s.transaction_at),
      'xactMs', 1000 * extract(epoch from now() - s.transaction_at)::float8`

const names = new Map<number, string>(Object.entries(locks).map(([name, number]) => [number, name]))

/** Each session below the first one that it waits for. A circle, which Postgres ends within a second, comes last. */
function asTree(waiting: readonly Waiting[]): Locks['sessions'] {
  const shown: Locks['sessions'] = []
  const seen = new Set<number>()
  const show = (session: Waiting, depth: number): void => {
    if (seen.has(session.pid)) return
    seen.add(session.pid)
    const { number, ...rest } = session
    shown.push({ ...rest, depth, lock: number === null ? null : (names.get(number) ?? null) })
    for (const next of waiting) if (next.blockedBy.includes(session.pid)) show(next, depth + 1)
  }
  for (const session of waiting) if (session.blockedBy.length === 0) show(session, 0)
  for (const session of waiting) show(session, 0)
  return shown
}
