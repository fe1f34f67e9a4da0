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

create or replace function dispatch.remove_old_events(most integer) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  removed bigint;
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
  return removed;
end
$$;
revoke execute on function dispatch.remove_old_events(integer) from public;
grant execute on function dispatch.remove_old_events(integer) to lockstep_app;
