-- Removes events of finished orders ninety days after they happened, and lost claims of the same age, at most so many of
-- each. Answers how many rows it removed. Definer: the Worker may not delete history.
-- The function removes only events that every reader with a cursor has read. It records the position of the last
-- removed event, so a reader that resumes before it learns that events are missing.
create or replace function dispatch.remove_old_events(most integer) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  removed bigint;
  lost bigint;
begin
  with old as materialized (
    select e.id
    from dispatch.order_events e
    join dispatch.orders o on o.id = e.order_id
    where e.created_at < now() - interval '90 days'
      and (o.status in ('canceled', 'returned') or o.settled_at is not null)
      and (e.xid, e.id) <= (select r.xid, r.seq from core.slowest_reader('dispatch') r)
    limit most
  ),
  gone as (
    delete from dispatch.order_events e
    using old
    where e.id = old.id
    returning e.xid, e.id
  ),
  marked as (
    insert into core.feed_positions as p (name, xid, seq)
    (select 'removed:dispatch', xid, id from gone order by xid desc, id desc limit 1)
    on conflict (name) do update
    set xid = excluded.xid, seq = excluded.seq, moved_at = now()
    where (excluded.xid, excluded.seq) > (p.xid, p.seq)
  )
  select count(*) into removed from gone;
  delete from dispatch.lost_claims l
  where (l.order_id, l.courier_id) in (
    select c.order_id, c.courier_id from dispatch.lost_claims c where c.last_at < now() - interval '90 days' limit most
  );
  get diagnostics lost = row_count;
  return removed + lost;
end
$$;
