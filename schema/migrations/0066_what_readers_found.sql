revoke select, insert, update (id), delete on table clicks.events from lockstep_app;

drop function core.keep_recount(text, bigint);

create table clicks.parked_events (
  id uuid primary key,
  click_id uuid not null,
  campaign_id bigint,
  event_type text not null,
  event_data jsonb not null,
  due_at timestamptz default now() + interval '1 minute' not null,
  created_at timestamptz default now() not null
);

create or replace function core.recount_once(known core.view_refreshes, begun timestamptz, counting text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  differing bigint := core.recount_view(known.view);
  counted bigint;
begin
  if differing is not null then
    execute counting into counted;
    if counted = known.source_writes then
      insert into core.view_recounts as r (view, recounted_at, drift_keys)
      values (known.view, clock_timestamp(), differing)
      on conflict (view) do update
      set recounted_at = excluded.recounted_at, drift_keys = excluded.drift_keys;
    end if;
  end if;
  if differing > 0 then
    return false;
  end if;
  update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
  return true;
end
$$;

create or replace function core.refresh_view(view_name text, max_age interval default null)
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
declare
  found_view record;
  known core.view_refreshes;
  begun timestamptz := clock_timestamp();
  counted bigint;
  seen bigint;
begin
  select c.oid as id, c.relispopulated as populated into found_view
  from pg_catalog.pg_class c
  where c.oid = to_regclass(view_name)
    and c.relkind = 'm';
  if not found then
    raise exception '% is no materialized view', view_name;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('refresh ' || view_name, 0)) then
    return query select view_name, 'busy', null::bigint, null::float8, null::timestamptz;
    return;
  end if;
  counted := core.writes_behind(found_view.id);
  select * into known from core.view_refreshes v where v.view = view_name order by v.id desc limit 1;
  if found_view.populated
    and known.source_writes = counted
    and (max_age is null or known.started_at > begun - max_age)
  then
    if core.recount_once(known, begun, format('select core.writes_behind(%s)', found_view.id)) then
      return query select view_name, 'skipped', known.rows, 0::float8, begun;
      return;
    end if;
  end if;
  execute format(
    'refresh materialized view %s %s',
    case when found_view.populated then 'concurrently' else '' end,
    found_view.id::regclass
  );
  execute format('select count(*) from %s', found_view.id::regclass) into seen;
  delete from core.view_refreshes v where v.view = view_name and v.started_at < begun - interval '30 days';
  insert into core.view_refreshes as v (view, started_at, confirmed_at, duration_ms, rows, source_writes)
  values (view_name, begun, begun, extract(epoch from clock_timestamp() - begun) * 1000, seen, counted)
  returning v.* into known;
  return query select view_name, 'refreshed', known.rows, known.duration_ms, begun;
end
$$;
revoke execute on function core.refresh_view(text, interval) from public;
grant execute on function core.refresh_view(text, interval) to lockstep_app;

grant select, insert, update (id, event_data), delete on table clicks.events to lockstep_app;

grant select, insert, update, delete on table clicks.parked_events to lockstep_app;

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
revoke execute on function dispatch.remove_old_events(integer) from public;
grant execute on function dispatch.remove_old_events(integer) to lockstep_app;

create or replace function fleet.tell_voided() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform core.emit(
    'fleet',
    'tenant:' || new.tenant_id,
    array['command:' || new.id],
    array['command.voided'],
    array[jsonb_build_object(
      'id', new.id,
      'uid', (select n.uid from fleet.nodes n where n.id = new.node_id),
      'zoneId', new.zone_id,
      'kind', new.kind,
      'state', new.state,
      'reason', new.reason
    )]
  );
  return null;
end
$$;

create or replace trigger commands_tell_voided
after update on fleet.commands
for each row
when (new.state <> old.state and new.state in ('EXPIRED', 'TIMEOUT') and new.reason in ('stale_epoch', 'node_left_zone', 'node_decommissioned'))
execute function fleet.tell_voided();

create or replace function ledger.refresh_aggregate_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun timestamptz := clock_timestamp();
  counting constant text := $count$ select coalesce(pg_sequence_last_value('ledger.event_seq'), 0) $count$;
  numbered bigint;
  quiet boolean;
  name text;
  known core.view_refreshes;
begin
  execute counting into numbered;
  quiet := not exists (
    select from pg_locks l
    where l.relation = 'ledger.event_seq'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
  );
  foreach name in array array['ledger.tenants_summary_view', 'ledger.user_activity_view', 'ledger.top_bets_today'] loop
    select * into known from core.view_refreshes v where v.view = name order by v.id desc limit 1;
    if known.source_writes = numbered
      and (name <> 'ledger.top_bets_today' or date_trunc('day', known.started_at, 'UTC') = date_trunc('day', begun, 'UTC'))
    then
      if core.recount_once(known, begun, counting) then
        return query select name, 'skipped', known.rows, 0::float8, begun;
        continue;
      end if;
    end if;
    return query select * from core.refresh_view(name);
    update core.view_refreshes v
    set source_writes = numbered
    where quiet
      and v.id = (select max(newest.id) from core.view_refreshes newest where newest.view = name and newest.started_at >= begun);
  end loop;
end
$$;
revoke execute on function ledger.refresh_aggregate_views() from public;
grant execute on function ledger.refresh_aggregate_views() to lockstep_app;

create or replace function ledger.check_invariants(sample integer) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  tenant bigint;
  checked integer := 0;
  found integer;
  barred integer;
  different integer := 0;
  quarantined integer := 0;
begin
  for tenant in
    with recursive tenants as (
      select ledger.next_tenant(0) as tenant_id
      union all
      select ledger.next_tenant(t.tenant_id)
      from tenants t
      where t.tenant_id is not null
    )
    select t.tenant_id
    from tenants t
    left join ledger.invariant_checks c using (tenant_id)
    where t.tenant_id is not null
    order by c.checked_at nulls first
  loop
    exit when clock_timestamp() > begun + interval '4 seconds';
    with different as materialized (
      select d.*
      from ledger.find_differences(tenant, sample) d
      left join ledger.alerts a
        on a.tenant_id = tenant and a.kind = d.kind and a.subject = d.subject and a.resolved_at is null
      order by a.id is not null
      limit 5000
    ),
    raised as (
      insert into ledger.alerts as a (tenant_id, kind, subject, user_id, currency, evidence)
      select tenant, d.kind, d.subject, d.user_id, d.currency, d.evidence
      from different d
      on conflict (tenant_id, kind, subject) where resolved_at is null do update
      set evidence = excluded.evidence, seen_at = now()
    ),
    held_back as (
      insert into ledger.system_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select tenant, d.account, coalesce((
          select max(e.stream_version)
          from ledger.system_events e
          where e.tenant_id = tenant
            and e.aggregate_id = d.account
        ), 0) + 1,
        'V1_SYSTEM_ACCOUNT_QUARANTINED',
        jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'reason', d.kind, 'evidence', d.evidence),
        'system:invariants'
      from (
        select distinct on (user_id, currency) *, user_id || ':' || currency as account
        from different
        where user_id is not null
        order by user_id, currency
      ) d
      left join ledger.user_balances_view b
        on b.tenant_id = tenant and b.user_id = d.user_id and b.currency = d.currency
      where b.quarantined_at is null
      -- Race: an operator notes something on the account at this moment and takes the version. The next run finds it again.
      on conflict do nothing
      returning 1
    )
    select (select count(*) from different), (select count(*) from held_back)
    into found, barred;
    checked := checked + 1;
    different := different + found;
    quarantined := quarantined + barred;
    insert into ledger.invariant_checks as c (tenant_id, checked_at)
    values (tenant, clock_timestamp())
    on conflict (tenant_id) do update set checked_at = excluded.checked_at;
  end loop;
  return jsonb_build_object(
    'rows', different, 'tenants', checked, 'differences', different, 'quarantined', quarantined,
    'outcome', case when checked = 0 then 'skipped' else 'ok' end
  );
end
$$;
revoke execute on function ledger.check_invariants(integer) from public;
grant execute on function ledger.check_invariants(integer) to lockstep_app;

create or replace function ledger.count_open_alerts() returns table (tenant_id bigint, open bigint)
language sql stable security definer
set search_path = ''
as $$
  select a.tenant_id, count(*)
  from ledger.alerts a
  where a.resolved_at is null
  group by a.tenant_id
$$;
revoke execute on function ledger.count_open_alerts() from public;
grant execute on function ledger.count_open_alerts() to lockstep_app;

create or replace function ledger.show_open_alerts(most integer)
returns table (tenant_id bigint, id bigint, kind text, raised_at timestamptz, seen_at timestamptz)
language sql stable security definer
set search_path = ''
as $$
  select a.tenant_id, a.id, a.kind, a.raised_at, a.seen_at
  from (
    select *, row_number() over (partition by tenant_id order by raised_at desc, id desc) as nth
    from ledger.alerts
    where resolved_at is null
  ) a
  where a.nth <= most
$$;
revoke execute on function ledger.show_open_alerts(integer) from public;
grant execute on function ledger.show_open_alerts(integer) to lockstep_app;
