-- What the migrations make: written by "npm run db:generate" from the catalogs of a migrated database.
-- For reading and for review; never edited, and never run: databases are made by the migrations.

create extension cube schema public;

create schema core;
grant usage on schema core to lockstep_app;

create table core.idempotency_keys (
  id text not null,
  principal text not null,
  route text not null,
  body_hash text not null,
  outcome jsonb,
  created_at timestamp with time zone default now() not null,
  constraint idempotency_keys_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_idempotency_keys_created ON core.idempotency_keys USING btree (created_at);
comment on index core.idx_idempotency_keys_created is 'the removal of keys past their day';
grant delete, insert, select, update on table core.idempotency_keys to lockstep_app;

create table core.job_runs (
  id bigint generated always as identity not null,
  job text not null,
  slot timestamp with time zone,
  trigger text not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  outcome text default 'running'::text not null,
  rows bigint,
  detail jsonb,
  error text,
  round_trips integer,
  constraint job_runs_pkey PRIMARY KEY (id),
  constraint job_runs_finished CHECK ((outcome = 'running'::text) = (finished_at IS NULL)),
  constraint job_runs_outcome CHECK (outcome = ANY (ARRAY['running'::text, 'ok'::text, 'skipped'::text, 'failed'::text])),
  constraint job_runs_trigger CHECK (trigger = ANY (ARRAY['cron'::text, 'manual'::text]))
);
CREATE INDEX idx_job_runs_job ON core.job_runs USING btree (job, id DESC);
comment on index core.idx_job_runs_job is 'the newest runs of one job';
grant delete, insert, select, update on table core.job_runs to lockstep_app;

create table core.job_slots (
  job text not null,
  slot timestamp with time zone not null,
  done_at timestamp with time zone default now() not null,
  constraint job_slots_job_slot_pk PRIMARY KEY (job, slot)
);
grant delete, insert, select on table core.job_slots to lockstep_app;

create table core.leases (
  name text not null,
  owner text not null,
  fence bigint not null,
  expires_at timestamp with time zone not null,
  constraint leases_pkey PRIMARY KEY (name)
);
grant insert, select, update on table core.leases to lockstep_app;

create table core.outbox (
  xid xid8 default core.reading_xid() not null,
  seq bigint generated always as identity not null,
  topic text not null,
  audience text,
  subject text not null,
  type text not null,
  data jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint outbox_xid_seq_pk PRIMARY KEY (xid, seq),
  constraint outbox_audience_shape CHECK (audience ~ '^[a-z]{2,20}:[!-~]{1,128}$'::text),
  constraint outbox_data_is_object CHECK (jsonb_typeof(data) = 'object'::text),
  constraint outbox_subject_length CHECK (char_length(subject) >= 1 AND char_length(subject) <= 200),
  constraint outbox_topic_shape CHECK (topic ~ '^[a-z]{2,20}$'::text),
  constraint outbox_type_shape CHECK (type ~ '^[a-z][a-z_.]{1,59}$'::text)
);
grant delete, insert, select on table core.outbox to lockstep_app;

create table core.schema_migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default now() not null,
  constraint schema_migrations_pkey PRIMARY KEY (version)
);
grant select on table core.schema_migrations to lockstep_app;

CREATE OR REPLACE FUNCTION core.assert_lease(lease_name text, lease_fence bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  perform from core.leases l where l.name = lease_name and l.fence = lease_fence for share;
  if not found then
    raise exception using errcode = 'LS012', message = 'the lease has another holder';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_replayed(after xid8)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if not pg_catalog.pg_visible_in_snapshot(after, pg_catalog.pg_current_snapshot()) then
    raise exception using errcode = 'LS020', message = 'this replica has not replayed that far';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.assert_slot_open(job_name text, slot_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if exists (select from core.job_slots s where s.job = job_name and s.slot = slot_at) then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.begin_idempotent(key text, hash text, caller text, path text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION core.begin_run(job_name text, slot_at timestamp with time zone, fired_by text)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  run bigint;
begin
  insert into core.job_runs (job, slot, trigger, started_at)
  values (job_name, slot_at, fired_by, clock_timestamp())
  returning id into run;
  perform set_config('lockstep.run', run::text, true);
  return run;
end
$function$;

CREATE OR REPLACE FUNCTION core.end_idempotent(key text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if exists (select from core.idempotency_keys k where k.id = key and k.outcome is null) then
    raise exception 'a statement under an idempotency key did not settle its answer';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.iso(t timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN to_char((t AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);

CREATE OR REPLACE FUNCTION core.reading_xid()
 RETURNS xid8
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  return greatest(
    pg_current_xact_id(),
    (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8
  );
end
$function$;

CREATE OR REPLACE FUNCTION core.settled(answer jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION core.take_lease(lease_name text, holder text, time_to_live interval)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION core.take_lock(lock_id bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  if not pg_catalog.pg_try_advisory_xact_lock(lock_id) then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lock';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION core.take_slot(job_name text, slot_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into core.job_slots (job, slot) values (job_name, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$function$;

create schema dispatch;
grant usage on schema dispatch to lockstep_app;

create table dispatch.couriers (
  id bigint generated always as identity not null,
  name text not null,
  capacity_boxes integer default 8 not null,
  held_boxes integer default 0 not null,
  available boolean default false not null,
  last_lat double precision,
  last_lng double precision,
  last_seen_at timestamp with time zone,
  zone text,
  lost_claims bigint default 0 not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint couriers_pkey PRIMARY KEY (id),
  constraint couriers_capacity_range CHECK (capacity_boxes >= 1 AND capacity_boxes <= 1000),
  constraint couriers_held_not_negative CHECK (held_boxes >= 0),
  constraint couriers_held_within_capacity CHECK (held_boxes <= capacity_boxes),
  constraint couriers_lost_claims_not_negative CHECK (lost_claims >= 0),
  constraint couriers_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint couriers_on_earth CHECK (num_nulls(last_lat, last_lng) <> 1 AND last_lat >= '-90'::integer::double precision AND last_lat <= 90::double precision AND last_lng >= '-180'::integer::double precision AND last_lng <= 180::double precision),
  constraint couriers_version_positive CHECK (version >= 1),
  constraint couriers_zone_length CHECK (char_length(zone) >= 1 AND char_length(zone) <= 100)
);
grant insert, select, update on table dispatch.couriers to lockstep_app;

create table dispatch.order_events (
  id bigint generated always as identity not null,
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
  created_at timestamp with time zone default now() not null,
  constraint order_events_pkey PRIMARY KEY (id),
  constraint order_events_actor_role_known CHECK (actor_role = ANY (ARRAY['admin'::text, 'store'::text, 'courier'::text, 'system'::text])),
  constraint order_events_data_is_object CHECK (jsonb_typeof(data) = 'object'::text),
  constraint order_events_fence_not_negative CHECK (fence >= 0),
  constraint order_events_from_status_known CHECK (from_status = ANY (ARRAY['new'::text, 'assigned'::text, 'accepted'::text, 'picked_up'::text, 'delivered'::text, 'canceled'::text, 'failed'::text, 'returned'::text])),
  constraint order_events_system_is_nobody CHECK ((actor_role = 'system'::text) = (actor_id IS NULL)),
  constraint order_events_to_status_known CHECK (to_status = ANY (ARRAY['new'::text, 'assigned'::text, 'accepted'::text, 'picked_up'::text, 'delivered'::text, 'canceled'::text, 'failed'::text, 'returned'::text])),
  constraint order_events_type_shape CHECK (type ~ '^[a-z][a-z_]{0,39}$'::text),
  constraint order_events_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES dispatch.orders(id)
);
CREATE INDEX idx_order_events_feed ON dispatch.order_events USING btree (xid, id);
comment on index dispatch.idx_order_events_feed is 'GET /v1/dispatch/events after a cursor';
CREATE INDEX idx_order_events_order ON dispatch.order_events USING btree (order_id, created_at DESC, id DESC);
comment on index dispatch.idx_order_events_order is 'GET /v1/dispatch/orders/{id}/events';
CREATE INDEX idx_order_events_recent ON dispatch.order_events USING brin (created_at) WITH (pages_per_range='32', autosummarize='on');
comment on index dispatch.idx_order_events_recent is 'events of the last hour, over all orders';
grant insert, select on table dispatch.order_events to lockstep_app;

create table dispatch.order_exclusions (
  order_id bigint not null,
  courier_id bigint not null,
  reason text not null,
  created_at timestamp with time zone default now() not null,
  constraint order_exclusions_pkey PRIMARY KEY (order_id, courier_id),
  constraint order_exclusions_reason_length CHECK (char_length(reason) >= 1 AND char_length(reason) <= 500),
  constraint order_exclusions_courier_id_couriers_id_fk FOREIGN KEY (courier_id) REFERENCES dispatch.couriers(id),
  constraint order_exclusions_order_id_orders_id_fk FOREIGN KEY (order_id) REFERENCES dispatch.orders(id)
);
CREATE INDEX idx_order_exclusions_courier ON dispatch.order_exclusions USING btree (courier_id, order_id);
comment on index dispatch.idx_order_exclusions_courier is 'what claim-next must not offer this courier';
grant insert, select on table dispatch.order_exclusions to lockstep_app;

create table dispatch.orders (
  id bigint generated always as identity not null,
  store_id bigint not null,
  status text default 'new'::text not null,
  courier_id bigint,
  pickup_address text not null,
  delivery_address text not null,
  recipient_name text not null,
  phone text not null,
  boxes_count integer not null,
  price_minor bigint not null,
  currency character(3) default 'USD'::bpchar not null,
  pickup_lat double precision,
  pickup_lng double precision,
  delivery_lat double precision,
  delivery_lng double precision,
  ready_at timestamp with time zone,
  due_at timestamp with time zone,
  assigned_at timestamp with time zone,
  accepted_at timestamp with time zone,
  picked_up_at timestamp with time zone,
  delivered_at timestamp with time zone,
  canceled_at timestamp with time zone,
  lease_expires_at timestamp with time zone,
  fence bigint default 0 not null,
  attempts integer default 0 not null,
  failure_reason text,
  lost_claims integer default 0 not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint orders_pkey PRIMARY KEY (id),
  constraint orders_accepted_at_with_status CHECK (
CASE
    WHEN status = ANY (ARRAY['new'::text, 'assigned'::text]) THEN accepted_at IS NULL
    WHEN status = 'canceled'::text THEN accepted_at IS NULL OR assigned_at IS NOT NULL
    ELSE accepted_at IS NOT NULL
END),
  constraint orders_assigned_at_with_courier CHECK ((assigned_at IS NOT NULL) = (courier_id IS NOT NULL)),
  constraint orders_boxes_range CHECK (boxes_count >= 1 AND boxes_count <= 200),
  constraint orders_canceled_at_with_status CHECK ((canceled_at IS NOT NULL) = (status = 'canceled'::text)),
  constraint orders_courier_with_status CHECK (
CASE status
    WHEN 'new'::text THEN courier_id IS NULL
    WHEN 'canceled'::text THEN true
    ELSE courier_id IS NOT NULL
END),
  constraint orders_currency_iso CHECK (currency ~ '^[A-Z]{3}$'::text),
  constraint orders_delivered_at_with_status CHECK ((delivered_at IS NOT NULL) = (status = 'delivered'::text)),
  constraint orders_delivery_address_length CHECK (char_length(delivery_address) >= 1 AND char_length(delivery_address) <= 300),
  constraint orders_delivery_on_earth CHECK (num_nulls(delivery_lat, delivery_lng) <> 1 AND delivery_lat >= '-90'::integer::double precision AND delivery_lat <= 90::double precision AND delivery_lng >= '-180'::integer::double precision AND delivery_lng <= 180::double precision),
  constraint orders_failure_counted CHECK (attempts >= (failure_reason IS NOT NULL)::integer),
  constraint orders_failure_reason_length CHECK (char_length(failure_reason) >= 1 AND char_length(failure_reason) <= 500),
  constraint orders_failure_reason_with_status CHECK (
CASE
    WHEN status = ANY (ARRAY['failed'::text, 'returned'::text]) THEN failure_reason IS NOT NULL
    WHEN status = 'canceled'::text THEN true
    ELSE failure_reason IS NULL
END),
  constraint orders_fence_with_courier CHECK (fence >= (courier_id IS NOT NULL)::integer),
  constraint orders_lease_with_status CHECK ((lease_expires_at IS NOT NULL) = (status = 'assigned'::text)),
  constraint orders_lost_claims_not_negative CHECK (lost_claims >= 0),
  constraint orders_phone_length CHECK (char_length(phone) >= 1 AND char_length(phone) <= 40),
  constraint orders_picked_up_at_with_status CHECK (
CASE
    WHEN status = ANY (ARRAY['new'::text, 'assigned'::text, 'accepted'::text]) THEN picked_up_at IS NULL
    WHEN status = 'canceled'::text THEN picked_up_at IS NULL OR accepted_at IS NOT NULL
    ELSE picked_up_at IS NOT NULL
END),
  constraint orders_pickup_address_length CHECK (char_length(pickup_address) >= 1 AND char_length(pickup_address) <= 300),
  constraint orders_pickup_on_earth CHECK (num_nulls(pickup_lat, pickup_lng) <> 1 AND pickup_lat >= '-90'::integer::double precision AND pickup_lat <= 90::double precision AND pickup_lng >= '-180'::integer::double precision AND pickup_lng <= 180::double precision),
  constraint orders_price_not_negative CHECK (price_minor >= 0),
  constraint orders_recipient_name_length CHECK (char_length(recipient_name) >= 1 AND char_length(recipient_name) <= 200),
  constraint orders_status_known CHECK (status = ANY (ARRAY['new'::text, 'assigned'::text, 'accepted'::text, 'picked_up'::text, 'delivered'::text, 'canceled'::text, 'failed'::text, 'returned'::text])),
  constraint orders_version_positive CHECK (version >= 1),
  constraint orders_courier_id_couriers_id_fk FOREIGN KEY (courier_id) REFERENCES dispatch.couriers(id),
  constraint orders_store_id_stores_id_fk FOREIGN KEY (store_id) REFERENCES dispatch.stores(id)
) with (autovacuum_vacuum_scale_factor=0.01, autovacuum_vacuum_insert_scale_factor=0.05);
CREATE INDEX idx_orders_active ON dispatch.orders USING btree (created_at DESC) WHERE (status = ANY (ARRAY['new'::text, 'assigned'::text, 'accepted'::text, 'picked_up'::text]));
comment on index dispatch.idx_orders_active is 'live orders of every status, newest first';
CREATE INDEX idx_orders_claimable ON dispatch.orders USING btree (id) WHERE ((status = 'new'::text) AND (courier_id IS NULL));
comment on index dispatch.idx_orders_claimable is 'POST /v1/dispatch/orders/claim-next, oldest first';
CREATE INDEX idx_orders_courier ON dispatch.orders USING btree (courier_id, status, created_at DESC, id DESC) WHERE (courier_id IS NOT NULL);
comment on index dispatch.idx_orders_courier is 'GET /v1/dispatch/couriers/{id}/orders';
CREATE INDEX idx_orders_created_brin ON dispatch.orders USING brin (created_at) WITH (pages_per_range='128', autosummarize='on');
comment on index dispatch.idx_orders_created_brin is 'GET /v1/dispatch/orders?since= and reports over days';
CREATE INDEX idx_orders_leases ON dispatch.orders USING btree (lease_expires_at) WHERE (status = 'assigned'::text);
comment on index dispatch.idx_orders_leases is 'the sweep of leases that ran out';
CREATE INDEX idx_orders_list ON dispatch.orders USING btree (status, created_at DESC, id DESC) INCLUDE (store_id, courier_id, pickup_address, delivery_address, boxes_count, price_minor, currency, due_at, ready_at, lease_expires_at, fence, version);
comment on index dispatch.idx_orders_list is 'GET /v1/dispatch/orders?status= as an index-only scan';
CREATE INDEX idx_orders_near ON dispatch.orders USING gist (dispatch.on_sphere(pickup_lat, pickup_lng)) WHERE ((status = 'new'::text) AND (courier_id IS NULL) AND (pickup_lat IS NOT NULL));
comment on index dispatch.idx_orders_near is 'POST /v1/dispatch/orders/claim-next, nearest first';
CREATE INDEX idx_orders_store ON dispatch.orders USING btree (store_id, status, created_at DESC, id DESC) INCLUDE (courier_id, pickup_address, delivery_address, boxes_count, price_minor, currency, due_at, ready_at, lease_expires_at, fence, version);
comment on index dispatch.idx_orders_store is 'GET /v1/dispatch/orders of one store as an index-only scan';
CREATE TRIGGER orders_never_step_back BEFORE UPDATE ON dispatch.orders FOR EACH ROW WHEN (new.fence < old.fence OR new.version < old.version OR new.status <> old.status AND (old.status = ANY (ARRAY['delivered'::text, 'canceled'::text, 'returned'::text]))) EXECUTE FUNCTION dispatch.refuse_step_back();
grant insert, select, update on table dispatch.orders to lockstep_app;

create table dispatch.stores (
  id bigint generated always as identity not null,
  name text not null,
  pickup_address text not null,
  lat double precision,
  lng double precision,
  box_limit integer,
  opens_at time without time zone,
  closes_at time without time zone,
  time_zone text default 'UTC'::text not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint stores_pkey PRIMARY KEY (id),
  constraint stores_box_limit_range CHECK (box_limit >= 1 AND box_limit <= 200),
  constraint stores_hours_both_or_neither CHECK ((opens_at IS NULL) = (closes_at IS NULL)),
  constraint stores_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint stores_on_earth CHECK (num_nulls(lat, lng) <> 1 AND lat >= '-90'::integer::double precision AND lat <= 90::double precision AND lng >= '-180'::integer::double precision AND lng <= 180::double precision),
  constraint stores_pickup_address_length CHECK (char_length(pickup_address) >= 1 AND char_length(pickup_address) <= 300),
  constraint stores_time_zone_known CHECK (('2000-01-01 00:00:00+00'::timestamp with time zone AT TIME ZONE time_zone) IS NOT NULL),
  constraint stores_version_positive CHECK (version >= 1)
);
grant insert, select, update on table dispatch.stores to lockstep_app;

CREATE OR REPLACE FUNCTION dispatch.on_sphere(lat double precision, lng double precision)
 RETURNS public.cube
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN public.cube(ARRAY[(cos(radians(lat)) * cos(radians(lng))), (cos(radians(lat)) * sin(radians(lng))), sin(radians(lat))]);

CREATE OR REPLACE FUNCTION dispatch.refuse_step_back()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$function$;
