create schema if not exists core;

create schema if not exists dispatch;

do $$
begin
  create role lockstep_app nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

create or replace function core.reading_xid() returns xid8
language plpgsql volatile
set search_path = ''
as $$
begin
  return greatest(
    pg_current_xact_id(),
    (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8
  );
end
$$;

create extension if not exists cube schema public;

create table core.idempotency_keys (
  id text primary key,
  principal text not null,
  route text not null,
  body_hash text not null,
  outcome jsonb,
  created_at timestamptz default now() not null
);

create table core.job_runs (
  id bigint primary key generated always as identity,
  job text not null,
  slot timestamptz,
  trigger text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  outcome text default 'running' not null,
  rows bigint,
  detail jsonb,
  error text,
  round_trips integer,
  constraint job_runs_trigger check (core.job_runs.trigger in ('cron', 'manual')),
  constraint job_runs_outcome check (core.job_runs.outcome in ('running', 'ok', 'skipped', 'failed')),
  constraint job_runs_finished check ((core.job_runs.outcome = 'running') = (core.job_runs.finished_at is null))
);

create table core.job_slots (
  job text not null,
  slot timestamptz not null,
  done_at timestamptz default now() not null,
  constraint job_slots_job_slot_pk primary key(job,slot)
);

create table core.leases (
  name text primary key,
  owner text not null,
  fence bigint not null,
  expires_at timestamptz not null
);

create table core.outbox (
  xid xid8 default core.reading_xid() not null,
  seq bigint generated always as identity,
  topic text not null,
  audience text,
  subject text not null,
  type text not null,
  data jsonb not null,
  created_at timestamptz default now() not null,
  constraint outbox_xid_seq_pk primary key(xid,seq),
  constraint outbox_topic_shape check (core.outbox.topic ~ '^[a-z]{2,20}$'),
  constraint outbox_audience_shape check (core.outbox.audience ~ '^[a-z]{2,20}:[!-~]{1,128}$'),
  constraint outbox_subject_length check (char_length(core.outbox.subject) between 1 and 200),
  constraint outbox_type_shape check (core.outbox.type ~ '^[a-z][a-z_.]{1,59}$'),
  constraint outbox_data_is_object check (jsonb_typeof(core.outbox.data) = 'object')
);

create table dispatch.couriers (
  id bigint primary key generated always as identity,
  name text not null,
  capacity_boxes integer default 8 not null,
  held_boxes integer default 0 not null,
  available boolean default false not null,
  last_lat double precision,
  last_lng double precision,
  last_seen_at timestamptz,
  zone text,
  lost_claims bigint default 0 not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  constraint couriers_name_length check (char_length(name) between 1 and 200),
  constraint couriers_capacity_range check (capacity_boxes between 1 and 1000),
  constraint couriers_held_not_negative check (held_boxes >= 0),
  constraint couriers_held_within_capacity check (held_boxes <= capacity_boxes),
  constraint couriers_on_earth check (num_nulls(last_lat, last_lng) <> 1 and last_lat between -90 and 90 and last_lng between -180 and 180),
  constraint couriers_zone_length check (char_length(zone) between 1 and 100),
  constraint couriers_lost_claims_not_negative check (lost_claims >= 0),
  constraint couriers_version_positive check (version >= 1)
);

create table dispatch.order_events (
  id bigint primary key generated always as identity,
  order_id bigint not null,
  type text not null,
  from_status text,
  to_status text not null,
  actor_role text not null,
  actor_id text,
  courier_id bigint,
  fence bigint not null,
  data jsonb default '{}'::jsonb not null,
  xid xid8 default core.reading_xid() not null,
  created_at timestamptz default now() not null,
  constraint order_events_type_shape check (type ~ '^[a-z][a-z_]{0,39}$'),
  constraint order_events_from_status_known check (from_status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')),
  constraint order_events_to_status_known check (to_status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')),
  constraint order_events_actor_role_known check (actor_role in ('admin', 'store', 'courier', 'system')),
  constraint order_events_system_is_nobody check ((actor_role = 'system') = (actor_id is null)),
  constraint order_events_fence_not_negative check (fence >= 0),
  constraint order_events_data_is_object check (jsonb_typeof(data) = 'object')
);

create table dispatch.order_exclusions (
  order_id bigint not null,
  courier_id bigint not null,
  reason text not null,
  created_at timestamptz default now() not null,
  constraint order_exclusions_pkey primary key(order_id,courier_id),
  constraint order_exclusions_reason_length check (char_length(reason) between 1 and 500)
);

create table dispatch.orders (
  id bigint primary key generated always as identity,
  store_id bigint not null,
  status text default 'new' not null,
  courier_id bigint,
  pickup_address text not null,
  delivery_address text not null,
  recipient_name text not null,
  phone text not null,
  boxes_count integer not null,
  price_minor bigint not null,
  currency char(3) default 'USD' not null,
  pickup_lat double precision,
  pickup_lng double precision,
  delivery_lat double precision,
  delivery_lng double precision,
  ready_at timestamptz,
  due_at timestamptz,
  assigned_at timestamptz,
  accepted_at timestamptz,
  picked_up_at timestamptz,
  delivered_at timestamptz,
  canceled_at timestamptz,
  lease_expires_at timestamptz,
  fence bigint default 0 not null,
  attempts integer default 0 not null,
  failure_reason text,
  lost_claims integer default 0 not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  constraint orders_status_known check (status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')),
  constraint orders_pickup_address_length check (char_length(pickup_address) between 1 and 300),
  constraint orders_delivery_address_length check (char_length(delivery_address) between 1 and 300),
  constraint orders_recipient_name_length check (char_length(recipient_name) between 1 and 200),
  constraint orders_phone_length check (char_length(phone) between 1 and 40),
  constraint orders_boxes_range check (boxes_count between 1 and 200),
  constraint orders_price_not_negative check (price_minor >= 0),
  constraint orders_currency_iso check (currency ~ '^[A-Z]{3}$'),
  constraint orders_pickup_on_earth check (num_nulls(pickup_lat, pickup_lng) <> 1 and pickup_lat between -90 and 90 and pickup_lng between -180 and 180),
  constraint orders_delivery_on_earth check (num_nulls(delivery_lat, delivery_lng) <> 1 and delivery_lat between -90 and 90 and delivery_lng between -180 and 180),
  constraint orders_courier_with_status check (case status when 'new' then courier_id is null when 'canceled' then true else courier_id is not null end),
  constraint orders_lease_with_status check ((lease_expires_at is not null) = (status = 'assigned')),
  constraint orders_assigned_at_with_courier check ((assigned_at is not null) = (courier_id is not null)),
  constraint orders_accepted_at_with_status check (case when status in ('new', 'assigned') then accepted_at is null
        when status = 'canceled' then accepted_at is null or assigned_at is not null
        else accepted_at is not null end),
  constraint orders_picked_up_at_with_status check (case when status in ('new', 'assigned', 'accepted') then picked_up_at is null
        when status = 'canceled' then picked_up_at is null or accepted_at is not null
        else picked_up_at is not null end),
  constraint orders_delivered_at_with_status check ((delivered_at is not null) = (status = 'delivered')),
  constraint orders_canceled_at_with_status check ((canceled_at is not null) = (status = 'canceled')),
  constraint orders_failure_reason_with_status check (case when status in ('failed', 'returned') then failure_reason is not null
        when status = 'canceled' then true
        else failure_reason is null end),
  constraint orders_failure_reason_length check (char_length(failure_reason) between 1 and 500),
  constraint orders_failure_counted check (attempts >= (failure_reason is not null)::int),
  constraint orders_fence_with_courier check (fence >= (courier_id is not null)::int),
  constraint orders_lost_claims_not_negative check (lost_claims >= 0),
  constraint orders_version_positive check (version >= 1)
);

create table dispatch.stores (
  id bigint primary key generated always as identity,
  name text not null,
  pickup_address text not null,
  lat double precision,
  lng double precision,
  box_limit integer,
  opens_at time,
  closes_at time,
  time_zone text default 'UTC' not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  constraint stores_name_length check (char_length(name) between 1 and 200),
  constraint stores_pickup_address_length check (char_length(pickup_address) between 1 and 300),
  constraint stores_on_earth check (num_nulls(lat, lng) <> 1 and lat between -90 and 90 and lng between -180 and 180),
  constraint stores_box_limit_range check (box_limit between 1 and 200),
  constraint stores_hours_both_or_neither check ((opens_at is null) = (closes_at is null)),
  constraint stores_time_zone_known check ((timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null),
  constraint stores_version_positive check (version >= 1)
);

alter table dispatch.order_events add constraint order_events_order_id_orders_id_fk foreign key (order_id) references dispatch.orders(id);

alter table dispatch.order_exclusions add constraint order_exclusions_order_id_orders_id_fk foreign key (order_id) references dispatch.orders(id);

alter table dispatch.order_exclusions add constraint order_exclusions_courier_id_couriers_id_fk foreign key (courier_id) references dispatch.couriers(id);

alter table dispatch.orders add constraint orders_store_id_stores_id_fk foreign key (store_id) references dispatch.stores(id);

alter table dispatch.orders add constraint orders_courier_id_couriers_id_fk foreign key (courier_id) references dispatch.couriers(id);

create or replace function core.iso(t timestamptz) returns text
language sql stable parallel safe
return to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

create or replace function core.settled(answer jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if key is not null and answer ? 'again' then
    delete from core.idempotency_keys where id = key;
  elsif key is not null then
    update core.idempotency_keys set outcome = answer where id = key;
  end if;
  if run is not null then
    update core.job_runs
    set outcome = coalesce(answer ->> 'outcome', 'ok'),
        rows = (answer ->> 'rows')::bigint,
        detail = answer - 'outcome' - 'rows',
        finished_at = clock_timestamp(),
        round_trips = 1
    where id = run;
  end if;
  return answer;
end
$$;

create or replace function core.begin_idempotent(key text, hash text, caller text, path text) returns void
language plpgsql
set search_path = ''
as $$
declare
  kept record;
begin
  insert into core.idempotency_keys as k (id, principal, route, body_hash)
  values (key, caller, path, hash)
  on conflict (id) do update
  set body_hash = excluded.body_hash, outcome = null, created_at = now()
  where k.created_at < now() - interval '24 hours';
  if found then
    perform set_config('lockstep.key', key, true);
    return;
  end if;
  select k.body_hash, k.outcome into kept from core.idempotency_keys k where k.id = key;
  if not found then
    raise exception using errcode = 'LS003', message = 'the key is being given up at this moment';
  end if;
  if kept.body_hash <> hash then
    raise exception using errcode = 'LS002', message = 'the key was used with another request';
  end if;
  raise exception using errcode = 'LS001', message = 'the key has its answer', detail = kept.outcome::text;
exception
  when lock_not_available then
    raise exception using errcode = 'LS003', message = 'the key is in use right now';
end
$$;

create or replace function core.end_idempotent(key text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from core.idempotency_keys k where k.id = key and k.outcome is null) then
    raise exception 'a statement under an idempotency key did not settle its answer';
  end if;
end
$$;

create or replace function core.take_lock(lock_id bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$$;

create or replace function core.take_slot(job_name text, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into core.job_slots (job, slot) values (job_name, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$;

create or replace function core.assert_slot_open(job_name text, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from core.job_slots s where s.job = job_name and s.slot = slot_at) then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$;

create or replace function core.begin_run(job_name text, slot_at timestamptz, fired_by text) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  run bigint;
begin
  insert into core.job_runs (job, slot, trigger, started_at)
  values (job_name, slot_at, fired_by, clock_timestamp())
  returning id into run;
  perform set_config('lockstep.run', run::text, true);
  return run;
end
$$;

create or replace function core.take_lease(lease_name text, holder text, time_to_live interval) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  taken bigint;
begin
  insert into core.leases as l (name, owner, fence, expires_at)
  values (lease_name, holder, 1, clock_timestamp() + time_to_live)
  on conflict (name) do update
  set owner = excluded.owner, fence = l.fence + 1, expires_at = excluded.expires_at
  where l.expires_at <= clock_timestamp()
  returning l.fence into taken;
  if taken is null then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lease';
  end if;
  return taken;
end
$$;

create or replace function core.assert_lease(lease_name text, lease_fence bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from core.leases l where l.name = lease_name and l.fence = lease_fence for share;
  if not found then
    raise exception using errcode = 'LS012', message = 'the lease has another holder';
  end if;
end
$$;

create or replace function core.assert_replayed(after xid8) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not pg_catalog.pg_visible_in_snapshot(after, pg_catalog.pg_current_snapshot()) then
    raise exception using errcode = 'LS020', message = 'this replica has not replayed that far';
  end if;
end
$$;

grant usage on schema core to lockstep_app;

grant select, insert, update, delete on table core.job_runs to lockstep_app;

grant select, insert, delete on table core.job_slots to lockstep_app;

grant select, insert, update on table core.leases to lockstep_app;

grant select, insert, delete on table core.outbox to lockstep_app;

grant select, insert, update, delete on table core.idempotency_keys to lockstep_app;

create or replace function dispatch.on_sphere(lat double precision, lng double precision)
returns public.cube
language sql immutable strict parallel safe
return public.cube(array[
  cos(radians(lat)) * cos(radians(lng)),
  cos(radians(lat)) * sin(radians(lng)),
  sin(radians(lat))
]);

create or replace function dispatch.refuse_step_back()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$;

create or replace trigger orders_never_step_back
before update on dispatch.orders
for each row
when (new.fence < old.fence
  or new.version < old.version
  or new.status <> old.status and old.status in ('delivered', 'canceled', 'returned'))
execute function dispatch.refuse_step_back();

alter table dispatch.orders set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.05);

grant usage on schema dispatch to lockstep_app;

grant select, insert, update on table dispatch.stores to lockstep_app;

grant select, insert, update on table dispatch.couriers to lockstep_app;

grant select, insert, update on table dispatch.orders to lockstep_app;

grant select, insert on table dispatch.order_events to lockstep_app;

grant select, insert on table dispatch.order_exclusions to lockstep_app;
