create table core.alert_values (
  rule text not null,
  at timestamptz not null,
  measured jsonb not null,
  constraint alert_values_rule_at_pk primary key(rule,at)
);

create table core.alerts (
  id bigint primary key generated always as identity,
  rule text not null,
  labels jsonb not null,
  state text not null,
  severity text not null,
  since timestamptz not null,
  seen_at timestamptz not null,
  fired_at timestamptz,
  clearing_since timestamptz,
  ended_at timestamptz,
  value double precision,
  peak double precision,
  count integer default 0 not null,
  why text,
  evidence jsonb default '[]'::jsonb not null,
  notified text,
  notified_severity text,
  notified_at timestamptz,
  flapping boolean default false not null,
  acked_at timestamptz,
  acked_by text,
  note text,
  constraint alerts_state check (core.alerts.state in ('pending', 'firing', 'unknown', 'resolved')),
  constraint alerts_severity check (core.alerts.severity in ('warning', 'critical')),
  constraint alerts_notified check (core.alerts.notified in ('firing', 'unknown', 'resolved')),
  constraint alerts_ended check ((core.alerts.state = 'resolved') = (core.alerts.ended_at is not null)),
  constraint alerts_fired check (core.alerts.state <> 'firing' or core.alerts.fired_at is not null),
  constraint alerts_acked check ((core.alerts.acked_at is null) = (core.alerts.acked_by is null))
);

create table core.operator_actions (
  id bigint primary key generated always as identity,
  at timestamptz default now() not null,
  by text not null,
  action text not null,
  subject text not null,
  reason text,
  detail jsonb default '{}'::jsonb not null,
  constraint operator_actions_action check (core.operator_actions.action ~ '^[a-z]+[.][a-z_]+$')
);

create table core.silences (
  id bigint primary key generated always as identity,
  rule text,
  labels jsonb default '{}'::jsonb not null,
  reason text not null,
  by text not null,
  since timestamptz default now() not null,
  until timestamptz,
  ended_at timestamptz,
  ended_by text,
  constraint silences_week check (core.silences.until <= core.silences.since + interval '7 days'),
  constraint silences_ended check ((core.silences.ended_at is null) = (core.silences.ended_by is null))
);

alter table core.idempotency_keys add column request_id text;

alter table core.idempotency_keys add column xid xid8;

create or replace function core.begin_idempotent(key text, hash text, caller text, path text) returns void
language plpgsql
set search_path = ''
as $$
declare
  kept record;
begin
  insert into core.idempotency_keys as k (id, principal, route, body_hash, request_id, xid)
  values (key, caller, split_part(path, '#', 1), hash, nullif(split_part(path, '#', 2), ''), pg_catalog.pg_current_xact_id())
  on conflict (id) do update
  set body_hash = excluded.body_hash, outcome = null, created_at = now(), request_id = excluded.request_id,
    xid = excluded.xid
  where k.created_at < now() - interval '24 hours';
  if found then
    perform set_config('lockstep.key', key, true);
    return;
  end if;
  -- The position of the first answer is the transaction that wrote it: xmin, whose upper half comes from the snapshot.
  select k.body_hash, k.outcome, s.next - ((s.next - k.xmin::text::bigint) & 4294967295) as position
  into kept
  from core.idempotency_keys k,
    lateral (select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint as next) s
  where k.id = key;
  if not found then
    raise exception using errcode = 'LS003', message = 'the key is being given up at this moment';
  end if;
  if kept.body_hash <> hash then
    raise exception using errcode = 'LS002', message = 'the key was used with another request';
  end if;
  raise exception using
    errcode = 'LS001',
    message = 'the key has its answer',
    column = kept.outcome::text,
    table = kept.position::text;
exception
  when lock_not_available then
    raise exception using errcode = 'LS003', message = 'the key is in use right now';
end
$$;

grant select, insert, update, delete on table core.alerts to lockstep_app;

grant select, insert, delete on table core.alert_values to lockstep_app;

grant select, insert, update on table core.silences to lockstep_app;

grant select, insert on table core.operator_actions to lockstep_app;

create or replace function ledger.show_open_alerts(most integer)
returns table (tenant_id bigint, id bigint, kind text, raised_at timestamptz, seen_at timestamptz)
language sql stable security definer
set search_path = ''
as $$
  select a.tenant_id, a.id, a.kind, a.raised_at, a.seen_at
  from ledger.alerts a
  where a.resolved_at is null
  order by a.raised_at desc
  limit most
$$;
revoke execute on function ledger.show_open_alerts(integer) from public;
grant execute on function ledger.show_open_alerts(integer) to lockstep_app;

create or replace function ledger.count_waiting(most integer) returns bigint
language sql stable security definer
set search_path = ''
as $$
  select count(*) from (select from ledger.balance_deltas limit most) d
$$;
revoke execute on function ledger.count_waiting(integer) from public;
grant execute on function ledger.count_waiting(integer) to lockstep_app;
