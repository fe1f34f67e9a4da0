import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Outbox } from './contract.ts'

const counted = 1_000

/** How far the readers of the outbox are behind. */
export async function readOutbox(ctx: Ctx): Promise<Outbox> {
  const [found] = await ctx.db.query<Outbox>(named('ops.read-outbox')`
select core.iso(now()) as "asOf",
  core.iso((select e.created_at from core.outbox e order by e.xid desc, e.seq desc limit 1)) as "newestAt",
  (select count(*) / 10.0 from core.outbox e where e.created_at > now() - interval '10 minutes')::float8 as "perMinute",
  coalesce(jsonb_agg(jsonb_build_object(
    'reader', split_part(p.name, ':', 1), 'depth', least(unread.events, ${counted}::int),
    'more', unread.events > ${counted}::int,
    'oldestSeconds', extract(epoch from now() - unread.oldest_at)::float8,
    'movedAt', core.iso(p.moved_at)
  ) order by p.name), '[]') as readers
from core.feed_positions p
cross join lateral (
  select count(*)::int as events, min(u.created_at) as oldest_at
  from (
    select e.created_at
    from core.outbox e
    where (e.xid, e.seq) > (p.xid, p.seq)
    order by e.xid, e.seq
    limit ${counted + 1}
  ) u
) unread
where split_part(p.name, ':', 2) = 'outbox'
  and split_part(p.name, ':', 1) <> 'removed'`)
  if (found === undefined) throw new Error('Postgres returned no row of the outbox')
  return found
}
