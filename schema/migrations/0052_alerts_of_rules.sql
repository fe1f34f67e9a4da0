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
