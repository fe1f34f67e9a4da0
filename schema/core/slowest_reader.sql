-- Returns the cursor of the reader that is furthest behind in a feed, or no row if no reader has read it. Retention
-- removes only events up to that cursor, so no reader misses one.
-- A reader that no longer exists holds retention back until its cursor is deleted.
create or replace function core.slowest_reader(feed text) returns table (xid xid8, seq bigint)
language sql stable
set search_path = ''
as $$
  select p.xid, p.seq
  from core.feed_positions p
  where split_part(p.name, ':', 2) = feed
    and split_part(p.name, ':', 1) <> 'removed'
  order by p.xid, p.seq
  limit 1
$$;
