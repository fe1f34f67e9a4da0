/** How far the readers of a feed are behind: the events after the cursor of each, counted to a thousand. */
import { type SQL, sql } from 'drizzle-orm'
import type { Feed } from './stream.ts'

const most = 1_000

/** Selects a queue for each reader, as core/watch.ts wants it. */
export function feedDepth({ name, table, seq }: Pick<Feed, 'name' | 'table' | 'seq'>): SQL {
  const place = sql`e.${sql.identifier(seq)}`
  return sql`
select split_part(p.name, ':', 1) || ':' || ${name}::text as name, unread.events as depth,
  extract(epoch from now() - unread.oldest_at)::float8 as oldest_seconds, null::float8 as per_minute
from core.feed_positions p
cross join lateral (
  select count(*) as events, min(u.created_at) as oldest_at
  from (
    select e.created_at
    from ${table} e
    where (e.xid, ${place}) > (p.xid, p.seq)
    order by e.xid, ${place}
    limit ${most}
  ) u
) unread
where split_part(p.name, ':', 2) = ${name}
  and split_part(p.name, ':', 1) <> 'removed'`
}
