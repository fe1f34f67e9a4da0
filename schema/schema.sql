-- What the migrations make: written by "npm run db:generate" from the catalogs of a migrated database.
-- For reading and for review; never edited, and never run: databases are made by the migrations.

create extension cube schema public;

create extension pg_trgm schema public;

create schema core;
grant usage on schema core to lockstep_app;

create table core.feed_positions (
  name text not null,
  xid xid8 not null,
  seq bigint not null,
  moved_at timestamp with time zone default now() not null,
  constraint feed_positions_pkey PRIMARY KEY (name)
);
grant insert, select, update on table core.feed_positions to lockstep_app;

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

create table core.source_writes (
  source text not null,
  shard integer not null,
  writes bigint not null,
  constraint source_writes_source_shard_pk PRIMARY KEY (source, shard)
);
grant select on table core.source_writes to lockstep_app;

create table core.view_refreshes (
  id bigint generated always as identity not null,
  view text not null,
  started_at timestamp with time zone not null,
  confirmed_at timestamp with time zone not null,
  duration_ms double precision not null,
  rows bigint not null,
  source_writes bigint,
  skipped integer default 0 not null,
  constraint view_refreshes_pkey PRIMARY KEY (id),
  constraint view_refreshes_confirmed_after_start CHECK (confirmed_at >= started_at)
);
CREATE INDEX idx_view_refreshes_view ON core.view_refreshes USING btree (view, id DESC);
comment on index core.idx_view_refreshes_view is 'the newest refresh of a view: its age, and whether its sources have moved since';
grant select on table core.view_refreshes to lockstep_app;

create table core.webhook_attempts (
  delivery_id bigint not null,
  number integer not null,
  started_at timestamp with time zone not null,
  outcome text,
  status integer,
  took_ms integer,
  constraint webhook_attempts_delivery_id_number_pk PRIMARY KEY (delivery_id, number),
  constraint webhook_attempts_status_range CHECK (status >= 100 AND status <= 999),
  constraint webhook_attempts_delivery_id_webhook_deliveries_id_fk FOREIGN KEY (delivery_id) REFERENCES core.webhook_deliveries(id) ON DELETE CASCADE
);
grant delete, insert, select, update on table core.webhook_attempts to lockstep_app;

create table core.webhook_deliveries (
  id bigint generated always as identity not null,
  webhook_id bigint not null,
  event_id text not null,
  subject text not null,
  type text not null,
  body text not null,
  state text default 'waiting'::text not null,
  attempts integer default 0 not null,
  replays integer default 0 not null,
  due_at timestamp with time zone default now() not null,
  give_up_at timestamp with time zone not null,
  reason text,
  created_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  tries integer default 0 not null,
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_attempts_not_negative CHECK (attempts >= tries AND tries >= 0 AND replays >= 0),
  constraint webhook_deliveries_dead_for_reason CHECK ((state = 'dead'::text) = (reason IS NOT NULL)),
  constraint webhook_deliveries_finished CHECK ((state = 'waiting'::text) = (finished_at IS NULL)),
  constraint webhook_deliveries_state_known CHECK (state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text])),
  constraint webhook_deliveries_webhook_id_webhooks_id_fk FOREIGN KEY (webhook_id) REFERENCES core.webhooks(id)
);
CREATE INDEX idx_webhook_deliveries_created_brin ON core.webhook_deliveries USING brin (created_at) WITH (pages_per_range='32', autosummarize='on');
comment on index core.idx_webhook_deliveries_created_brin is 'the removal of deliveries past their time';
CREATE INDEX idx_webhook_deliveries_due ON core.webhook_deliveries USING btree (webhook_id, due_at, id) WHERE (state = 'waiting'::text);
comment on index core.idx_webhook_deliveries_due is 'what a sender takes next';
CREATE UNIQUE INDEX idx_webhook_deliveries_event ON core.webhook_deliveries USING btree (webhook_id, event_id);
comment on index core.idx_webhook_deliveries_event is 'an event is queued for a webhook once; replay from an event';
CREATE INDEX idx_webhook_deliveries_list ON core.webhook_deliveries USING btree (webhook_id, state, id DESC);
comment on index core.idx_webhook_deliveries_list is 'GET /v1/webhooks/{id}/deliveries';
CREATE INDEX idx_webhook_deliveries_subject ON core.webhook_deliveries USING btree (webhook_id, subject, id) WHERE (state = 'waiting'::text);
comment on index core.idx_webhook_deliveries_subject is 'whether an earlier event of the subject still waits';
grant delete, insert, select, update on table core.webhook_deliveries to lockstep_app;

create table core.webhooks (
  id bigint generated always as identity not null,
  owner text not null,
  slot integer not null,
  url text not null,
  events text[] not null,
  description text,
  secret text not null,
  old_secret text,
  old_secret_until timestamp with time zone,
  failures integer default 0 not null,
  failing_since timestamp with time zone,
  paused_until timestamp with time zone,
  disabled_at timestamp with time zone,
  disabled_for text,
  removed_at timestamp with time zone,
  xid xid8 default core.reading_xid() not null,
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_description_length CHECK (char_length(description) <= 300),
  constraint webhooks_disabled_for_reason CHECK ((disabled_at IS NULL) = (disabled_for IS NULL)),
  constraint webhooks_events_some CHECK (cardinality(events) >= 1 AND cardinality(events) <= 50),
  constraint webhooks_failing_since_failure CHECK ((failures > 0) = (failing_since IS NOT NULL)),
  constraint webhooks_failures_not_negative CHECK (failures >= 0),
  constraint webhooks_old_secret_ends CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
  constraint webhooks_owner_shape CHECK (owner = 'admin'::text OR owner ~ '^[a-z]{2,20}:[!-~]{1,128}$'::text),
  constraint webhooks_slot_range CHECK (slot >= 1 AND slot <= 20),
  constraint webhooks_url_shape CHECK (url ~ '^https?://'::text AND char_length(url) <= 2000)
);
CREATE UNIQUE INDEX idx_webhooks_slot ON core.webhooks USING btree (owner, slot) WHERE (removed_at IS NULL);
comment on index core.idx_webhooks_slot is 'an owner has a bounded number of webhooks; GET /v1/webhooks';
grant delete, insert, select, update on table core.webhooks to lockstep_app;

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

CREATE OR REPLACE FUNCTION core.assert_settled()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if exists (select from core.idempotency_keys k where k.id = key and k.outcome is null)
    or exists (select from core.job_runs r where r.id = run and r.outcome = 'running')
  then
    raise exception 'a statement with an effect did not settle its answer';
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

CREATE OR REPLACE FUNCTION core.count_writes()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
begin
  if tg_op <> 'TRUNCATE' then
    if not exists (select from changed) then
      return null;
    end if;
  end if;
  insert into core.source_writes as w (source, shard, writes)
  values (tg_table_schema || '.' || tg_table_name, pg_catalog.pg_backend_pid() % 16, 1)
  on conflict (source, shard) do update
  set writes = w.writes + 1;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION core.get_views_refresh_status()
 RETURNS TABLE(view text, populated boolean, last_refresh timestamp with time zone, confirmed_at timestamp with time zone, age_seconds double precision, duration_ms double precision, rows bigint, size_bytes bigint, pending_writes bigint, skipped integer)
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select
    n.nspname || '.' || c.relname,
    c.relispopulated,
    last.started_at,
    last.confirmed_at,
    extract(epoch from clock_timestamp() - last.confirmed_at)::float8,
    last.duration_ms,
    last.rows,
    pg_catalog.pg_total_relation_size(c.oid),
    core.writes_behind(c.oid) - last.source_writes,
    last.skipped
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select *
    from core.view_refreshes v
    where v.view = n.nspname || '.' || c.relname
    order by v.id desc
    limit 1
  ) last on true
  where c.relkind = 'm'
  order by 1
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

CREATE OR REPLACE FUNCTION core.refresh_view(view_name text, max_age interval DEFAULT NULL::interval)
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  found_view record;
  known record;
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
    update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
    return query select view_name, 'skipped', known.rows, 0::float8, begun;
    return;
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
$function$;
revoke execute on function core.refresh_view(text,interval) from public;
grant execute on function core.refresh_view(text,interval) to lockstep_app;

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
        error = answer ->> 'error',
        detail = answer - 'outcome' - 'rows' - 'error',
        finished_at = clock_timestamp(),
        round_trips = coalesce(nullif(current_setting('lockstep.trips', true), '')::integer, 1)
    where id = run;
  end if;
  if run is not null and answer ->> 'outcome' = 'failed' then
    delete from core.job_slots s using core.job_runs r where r.id = run and s.job = r.job and s.slot = r.slot;
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
exception
  when lock_not_available then
    raise exception using errcode = 'LS010', message = 'the holder of this lease is writing';
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

CREATE OR REPLACE FUNCTION core.writes_behind(view_id oid)
 RETURNS bigint
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  with sources as (
    select distinct d.refobjid as id
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = view_id
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid <> view_id
  ),
  counted as (
    select
      exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = s.id
          and t.tgfoid = 'core.count_writes()'::regprocedure
      ) as is_counted,
      (select sum(w.writes) from core.source_writes w where w.source = n.nspname || '.' || c.relname) as writes
    from sources s
    join pg_catalog.pg_class c on c.oid = s.id
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  )
  select case when bool_and(is_counted) then coalesce(sum(writes), 0)::bigint end
  from counted
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
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  constraint couriers_pkey PRIMARY KEY (id),
  constraint couriers_capacity_range CHECK (capacity_boxes >= 1 AND capacity_boxes <= 1000),
  constraint couriers_held_not_negative CHECK (held_boxes >= 0),
  constraint couriers_held_within_capacity CHECK (held_boxes <= capacity_boxes),
  constraint couriers_name_length CHECK (char_length(name) >= 1 AND char_length(name) <= 200),
  constraint couriers_on_earth CHECK (num_nulls(last_lat, last_lng) <> 1 AND last_lat >= '-90'::integer::double precision AND last_lat <= 90::double precision AND last_lng >= '-180'::integer::double precision AND last_lng <= 180::double precision),
  constraint couriers_version_positive CHECK (version >= 1),
  constraint couriers_zone_length CHECK (char_length(zone) >= 1 AND char_length(zone) <= 100)
);
CREATE TRIGGER couriers_never_step_back BEFORE UPDATE ON dispatch.couriers FOR EACH ROW WHEN (new.version < old.version) EXECUTE FUNCTION dispatch.refuse_older_version();
grant insert, select, update on table dispatch.couriers to lockstep_app;

create table dispatch.lost_claims (
  order_id bigint not null,
  courier_id bigint not null,
  times integer default 1 not null,
  last_at timestamp with time zone default now() not null,
  constraint lost_claims_pkey PRIMARY KEY (order_id, courier_id),
  constraint lost_claims_times_positive CHECK (times >= 1)
);
CREATE INDEX idx_lost_claims_courier ON dispatch.lost_claims USING btree (courier_id, last_at DESC);
comment on index dispatch.idx_lost_claims_courier is 'lost claims by courier in GET /v1/dispatch/stats';
grant insert, select, update on table dispatch.lost_claims to lockstep_app;

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
  version integer default 1 not null,
  created_at timestamp with time zone default now() not null,
  settled_at timestamp with time zone,
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
  constraint orders_settled_at_with_status CHECK (settled_at IS NULL OR status = 'delivered'::text),
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
CREATE INDEX idx_orders_unsettled ON dispatch.orders USING btree (delivered_at) WHERE ((status = 'delivered'::text) AND (settled_at IS NULL));
comment on index dispatch.idx_orders_unsettled is 'deliveries whose time to be undone is over';
CREATE TRIGGER orders_never_step_back BEFORE UPDATE ON dispatch.orders FOR EACH ROW WHEN (new.fence < old.fence OR new.version < old.version OR new.status <> old.status AND ((old.status = ANY (ARRAY['canceled'::text, 'returned'::text])) OR old.status = 'delivered'::text AND (new.status <> 'picked_up'::text OR old.settled_at IS NOT NULL)) OR old.settled_at IS NOT NULL AND new.settled_at IS DISTINCT FROM old.settled_at) EXECUTE FUNCTION dispatch.refuse_step_back();
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

CREATE OR REPLACE FUNCTION dispatch.plan_assignments(order_ids bigint[], boxes integer[], order_lats double precision[], order_lngs double precision[], courier_ids bigint[], rooms integer[], loads integer[], courier_lats double precision[], courier_lngs double precision[])
 RETURNS TABLE(order_id bigint, courier_id bigint)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO ''
AS $function$
declare
  excluded bigint[];
  best integer;
begin
  for nth in 1 .. coalesce(cardinality(order_ids), 0) loop
    excluded := array(select x.courier_id from dispatch.order_exclusions x where x.order_id = order_ids[nth]);
    select c.at into best
    from unnest(courier_ids, rooms, loads, courier_lats, courier_lngs) with ordinality as c (id, room, load, lat, lng, at)
    where c.room >= boxes[nth]
      and c.id <> all (excluded)
    order by 0.5 * c.load + coalesce(
      12742 * asin(least(1, sqrt(
        sin(radians(c.lat - order_lats[nth]) / 2) ^ 2
        + cos(radians(c.lat)) * cos(radians(order_lats[nth])) * sin(radians(c.lng - order_lngs[nth]) / 2) ^ 2
      ))), 10), c.at
    limit 1;
    continue when best is null;
    rooms[best] := rooms[best] - boxes[nth];
    loads[best] := loads[best] + boxes[nth];
    order_id := order_ids[nth];
    courier_id := courier_ids[best];
    return next;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION dispatch.refuse_older_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  raise exception 'courier % cannot go from version % back to %', old.id, old.version, new.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$function$;

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

CREATE OR REPLACE FUNCTION dispatch.remove_old_events(most integer)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  removed bigint;
begin
  with old as materialized (
    select e.id
    from dispatch.order_events e
    join dispatch.orders o on o.id = e.order_id
    where e.created_at < now() - interval '90 days'
      and (o.status in ('canceled', 'returned') or o.settled_at is not null)
      and (e.xid, e.id) <= (
        select p.xid, p.seq from core.feed_positions p where p.name = 'webhooks:dispatch'
      )
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
$function$;
revoke execute on function dispatch.remove_old_events(integer) from public;
grant execute on function dispatch.remove_old_events(integer) to lockstep_app;

create schema space;
grant usage on schema space to lockstep_app;

create table space.apod (
  date date not null,
  title text not null,
  explanation text,
  media_type text not null,
  url text,
  hd_url text,
  thumbnail_url text,
  copyright text,
  raw jsonb not null,
  fetched_at timestamp with time zone default now() not null,
  constraint apod_pkey PRIMARY KEY (date),
  constraint apod_media_type CHECK (media_type = ANY (ARRAY['image'::text, 'video'::text, 'other'::text]))
);
grant insert, select, update on table space.apod to lockstep_app;

create table space.donki_events (
  type text not null,
  event_id text not null,
  version_id integer not null,
  started_at timestamp with time zone not null,
  peak_at timestamp with time zone,
  ended_at timestamp with time zone,
  class_type text,
  rank double precision,
  source_location text,
  active_region integer,
  note text,
  link text,
  linked_events jsonb not null,
  raw jsonb not null,
  updated_at timestamp with time zone default now() not null,
  first_seen_at timestamp with time zone default now() not null,
  constraint donki_events_type_event_id_pk PRIMARY KEY (type, event_id),
  constraint donki_events_type CHECK (type = ANY (ARRAY['cme'::text, 'flr'::text, 'gst'::text, 'notifications'::text]))
);
CREATE INDEX idx_donki_events_started ON space.donki_events USING btree (type, started_at DESC, event_id DESC);
comment on index space.idx_donki_events_started is 'GET /v1/space/donki/{type}?from=&to=';
grant insert, select, update on table space.donki_events to lockstep_app;

create table space.donki_revisions (
  type text not null,
  event_id text not null,
  version_id integer not null,
  raw jsonb not null,
  seen_at timestamp with time zone default now() not null,
  constraint donki_revisions_type_event_id_version_id_pk PRIMARY KEY (type, event_id, version_id),
  constraint donki_revisions_type CHECK (type = ANY (ARRAY['cme'::text, 'flr'::text, 'gst'::text, 'notifications'::text]))
);
grant insert, select on table space.donki_revisions to lockstep_app;

create table space.elements (
  norad_id integer not null,
  epoch timestamp with time zone not null,
  omm jsonb not null,
  source text not null,
  fetched_at timestamp with time zone default now() not null,
  constraint elements_norad_id_epoch_pk PRIMARY KEY (norad_id, epoch),
  constraint elements_source CHECK (source = ANY (ARRAY['celestrak'::text, 'wheretheiss'::text, 'satnogs'::text, 'computed'::text]))
);
grant insert, select on table space.elements to lockstep_app;

create table space.iss_fetch_log (
  id bigint generated always as identity not null,
  norad_id integer not null,
  ts timestamp with time zone not null,
  latitude double precision not null,
  longitude double precision not null,
  altitude_km double precision,
  velocity_kmh double precision,
  visibility text,
  source text not null,
  computed boolean not null,
  cross_check_km double precision,
  error_km double precision,
  fetched_at timestamp with time zone default now() not null,
  constraint iss_fetch_log_norad_id_ts_pk PRIMARY KEY (norad_id, ts),
  constraint iss_fetch_log_altitude CHECK (altitude_km >= 370::double precision AND altitude_km <= 460::double precision OR norad_id <> 25544),
  constraint iss_fetch_log_checked_or_computed CHECK (NOT computed OR cross_check_km IS NULL),
  constraint iss_fetch_log_computed CHECK (computed = (source = 'sgp4'::text)),
  constraint iss_fetch_log_error_of_computed CHECK (computed = (error_km IS NOT NULL)),
  constraint iss_fetch_log_latitude CHECK (latitude >= '-51.85'::numeric::double precision AND latitude <= 51.85::double precision OR norad_id <> 25544),
  constraint iss_fetch_log_longitude CHECK (longitude >= '-180'::integer::double precision AND longitude < 180::double precision),
  constraint iss_fetch_log_source CHECK (source = ANY (ARRAY['wheretheiss'::text, 'open-notify'::text, 'sgp4'::text])),
  constraint iss_fetch_log_velocity CHECK (velocity_kmh >= 27000::double precision AND velocity_kmh <= 28500::double precision OR norad_id <> 25544),
  constraint iss_fetch_log_visibility CHECK (visibility = ANY (ARRAY['daylight'::text, 'eclipsed'::text]))
) partition by RANGE (ts);
CREATE TRIGGER count_deletes AFTER DELETE ON space.iss_fetch_log REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_inserts AFTER INSERT ON space.iss_fetch_log REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_truncations AFTER TRUNCATE ON space.iss_fetch_log FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_updates AFTER UPDATE ON space.iss_fetch_log REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
grant insert, select on table space.iss_fetch_log to lockstep_app;

create materialized view space.mv_iss_coverage_map as
 SELECT (floor(latitude / 5::double precision) * 5::double precision)::integer AS lat_bucket,
    (floor(longitude / 5::double precision) * 5::double precision)::integer AS lon_bucket,
    count(*)::integer AS observation_count,
    avg(altitude_km) AS avg_altitude
   FROM space.iss_fetch_log
  WHERE norad_id = 25544
  GROUP BY ((floor(latitude / 5::double precision) * 5::double precision)::integer), ((floor(longitude / 5::double precision) * 5::double precision)::integer);
CREATE UNIQUE INDEX mv_iss_coverage_map_key ON space.mv_iss_coverage_map USING btree (lat_bucket, lon_bucket);
comment on index space.mv_iss_coverage_map_key is 'refreshes without blocking readers; GET /v1/space/iss/coverage';
grant select on table space.mv_iss_coverage_map to lockstep_app;

create materialized view space.mv_iss_stats_daily as
 WITH steps AS (
         SELECT iss_fetch_log.ts,
            iss_fetch_log.altitude_km,
            iss_fetch_log.latitude,
            iss_fetch_log.longitude,
            lag(iss_fetch_log.latitude) OVER in_time AS latitude_before,
            lag(iss_fetch_log.longitude) OVER in_time AS longitude_before,
            lag(iss_fetch_log.ts) OVER in_time AS ts_before
           FROM space.iss_fetch_log
          WHERE iss_fetch_log.norad_id = 25544
          WINDOW in_time AS (ORDER BY iss_fetch_log.ts)
        )
 SELECT (ts AT TIME ZONE 'UTC'::text)::date AS day,
    count(*)::integer AS total_positions,
    avg(altitude_km) AS avg_altitude,
    COALESCE(sum(space.haversine_km(latitude_before, longitude_before, latitude, longitude)), 0::double precision) AS approx_distance_km,
    COALESCE(max(EXTRACT(epoch FROM ts - ts_before)), 0::numeric)::integer AS longest_gap_seconds,
    min(ts) AS first_fetch,
    max(ts) AS last_fetch
   FROM steps
  GROUP BY ((ts AT TIME ZONE 'UTC'::text)::date);
CREATE UNIQUE INDEX mv_iss_stats_daily_key ON space.mv_iss_stats_daily USING btree (day);
comment on index space.mv_iss_stats_daily_key is 'refreshes without blocking readers; GET /v1/space/iss/stats/daily';
grant select on table space.mv_iss_stats_daily to lockstep_app;

create materialized view space.mv_iss_stats_hourly as
 WITH hours AS (
         SELECT date_trunc('hour'::text, iss_fetch_log.ts, 'UTC'::text) AS hour,
            count(*)::integer AS position_count,
            count(*) FILTER (WHERE iss_fetch_log.computed)::integer AS computed_count,
            avg(iss_fetch_log.latitude) AS avg_latitude,
            avg(sin(radians(iss_fetch_log.longitude))) AS east,
            avg(cos(radians(iss_fetch_log.longitude))) AS north,
            avg(iss_fetch_log.altitude_km) AS avg_altitude,
            min(iss_fetch_log.altitude_km) AS min_altitude,
            max(iss_fetch_log.altitude_km) AS max_altitude,
            stddev_samp(iss_fetch_log.altitude_km) AS altitude_stddev,
            avg(iss_fetch_log.velocity_kmh) AS avg_velocity
           FROM space.iss_fetch_log
          WHERE iss_fetch_log.norad_id = 25544
          GROUP BY (date_trunc('hour'::text, iss_fetch_log.ts, 'UTC'::text))
        )
 SELECT hour,
    position_count,
    computed_count,
    avg_latitude,
        CASE
            WHEN sqrt((east ^ 2::double precision) + (north ^ 2::double precision)) > 0.000001::double precision THEN degrees(atan2(east, north))
            ELSE NULL::double precision
        END AS avg_longitude,
    avg_altitude,
    min_altitude,
    max_altitude,
    altitude_stddev,
    avg_velocity
   FROM hours;
CREATE UNIQUE INDEX mv_iss_stats_hourly_key ON space.mv_iss_stats_hourly USING btree (hour);
comment on index space.mv_iss_stats_hourly_key is 'refreshes without blocking readers; GET /v1/space/iss/stats/hourly';
grant select on table space.mv_iss_stats_hourly to lockstep_app;

create materialized view space.mv_osdr_by_year as
 SELECT EXTRACT(year FROM release_date)::integer AS year,
    count(*)::integer AS dataset_count,
    count(description)::integer AS datasets_with_description
   FROM space.osdr_items
  WHERE release_date IS NOT NULL
  GROUP BY (EXTRACT(year FROM release_date)::integer);
CREATE UNIQUE INDEX mv_osdr_by_year_key ON space.mv_osdr_by_year USING btree (year);
comment on index space.mv_osdr_by_year_key is 'refreshes without blocking readers; GET /v1/space/osdr/by-year';
grant select on table space.mv_osdr_by_year to lockstep_app;

create materialized view space.mv_osdr_stats as
 SELECT count(*)::integer AS total_datasets,
    min(release_date) AS oldest_dataset,
    max(release_date) AS newest_dataset,
    count(*) FILTER (WHERE release_date > ((now() AT TIME ZONE 'UTC'::text)::date - 30))::integer AS recent_30d,
    count(*) FILTER (WHERE release_date > ((now() AT TIME ZONE 'UTC'::text)::date - 365))::integer AS recent_1y,
    now() AS counted_at,
    max(updated_at) AS last_sync_time
   FROM space.osdr_items;
CREATE UNIQUE INDEX mv_osdr_stats_key ON space.mv_osdr_stats USING btree (counted_at);
comment on index space.mv_osdr_stats_key is 'refreshes without blocking readers; GET /v1/space/osdr/stats';
grant select on table space.mv_osdr_stats to lockstep_app;

create materialized view space.mv_recent_activity as
 WITH activity AS (
        ( SELECT 'iss:'::text || iss_fetch_log.id AS activity_id,
            'iss_position'::text AS activity_type,
            format('%s, %s by %s'::text, round(iss_fetch_log.latitude::numeric, 2), round(iss_fetch_log.longitude::numeric, 2), iss_fetch_log.source) AS details,
            iss_fetch_log.fetched_at AS activity_time,
            row_number() OVER (ORDER BY iss_fetch_log.ts DESC) AS place
           FROM space.iss_fetch_log
          WHERE iss_fetch_log.norad_id = 25544
          ORDER BY iss_fetch_log.ts DESC
         LIMIT 100)
        UNION ALL
        ( SELECT 'osdr:'::text || osdr_changes.id,
                CASE osdr_changes.field
                    WHEN 'dataset'::text THEN 'osdr_added'::text
                    ELSE 'osdr_changed'::text
                END AS "case",
            osdr_changes.dataset_id ||
                CASE osdr_changes.field
                    WHEN 'dataset'::text THEN ': '::text || (osdr_changes.new #>> '{}'::text[])
                    ELSE ': '::text || osdr_changes.field
                END,
            osdr_changes.seen_at,
            row_number() OVER (ORDER BY osdr_changes.id DESC) AS row_number
           FROM space.osdr_changes
          ORDER BY osdr_changes.id DESC
         LIMIT 100)
        )
 SELECT activity_id,
    activity_type,
    details,
    activity_time
   FROM activity
  ORDER BY place, activity_time DESC
 LIMIT 100;
CREATE UNIQUE INDEX mv_recent_activity_key ON space.mv_recent_activity USING btree (activity_id);
comment on index space.mv_recent_activity_key is 'refreshes without blocking readers; GET /v1/space/activity';
grant select on table space.mv_recent_activity to lockstep_app;

create table space.neo_approaches (
  neo_id text not null,
  close_approach_date date not null,
  orbiting_body text not null,
  name text not null,
  approach_at timestamp with time zone not null,
  hazardous boolean not null,
  sentry boolean not null,
  absolute_magnitude double precision,
  diameter_min_m double precision,
  diameter_max_m double precision,
  velocity_kmh double precision not null,
  miss_distance_km double precision not null,
  jpl_url text,
  raw jsonb not null,
  updated_at timestamp with time zone default now() not null,
  first_seen_at timestamp with time zone default now() not null,
  constraint neo_approaches_neo_id_close_approach_date_orbiting_body_pk PRIMARY KEY (neo_id, close_approach_date, orbiting_body),
  constraint neo_approaches_no_key CHECK (raw::text !~~ '%api_key%'::text)
);
CREATE INDEX idx_neo_approaches_at ON space.neo_approaches USING btree (approach_at, neo_id, orbiting_body);
comment on index space.idx_neo_approaches_at is 'GET /v1/space/neo?from=&to=';
grant insert, select, update on table space.neo_approaches to lockstep_app;

create table space.osdr_changes (
  id bigint generated always as identity not null,
  xid xid8 default core.reading_xid() not null,
  dataset_id text not null,
  field text not null,
  old jsonb,
  new jsonb,
  seen_at timestamp with time zone default now() not null,
  constraint osdr_changes_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_osdr_changes_feed ON space.osdr_changes USING btree (xid, id);
comment on index space.idx_osdr_changes_feed is 'GET /v1/space/osdr/changes?after=';
CREATE TRIGGER count_deletes AFTER DELETE ON space.osdr_changes REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_inserts AFTER INSERT ON space.osdr_changes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_truncations AFTER TRUNCATE ON space.osdr_changes FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_updates AFTER UPDATE ON space.osdr_changes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
grant insert, select on table space.osdr_changes to lockstep_app;

create table space.osdr_items (
  dataset_id text not null,
  title text not null,
  description text,
  release_date date,
  organism text,
  material text,
  project text,
  project_type text,
  mission jsonb,
  assay_types jsonb not null,
  raw jsonb not null,
  content_hash text not null,
  listing_hash text,
  updated_at timestamp with time zone default now() not null,
  first_seen_at timestamp with time zone default now() not null,
  search_text text generated always as (lower(((((((((((dataset_id || ' '::text) || title) || ' '::text) || COALESCE(description, ''::text)) || ' '::text) || COALESCE(organism, ''::text)) || ' '::text) || COALESCE(material, ''::text)) || ' '::text) || COALESCE(project, ''::text)))) stored,
  constraint osdr_items_pkey PRIMARY KEY (dataset_id)
);
CREATE INDEX idx_osdr_items_released ON space.osdr_items USING btree (COALESCE(release_date, '-infinity'::date) DESC, dataset_id DESC);
comment on index space.idx_osdr_items_released is 'GET /v1/space/osdr/datasets, newest first';
CREATE INDEX idx_osdr_items_search ON space.osdr_items USING gin (search_text public.gin_trgm_ops);
comment on index space.idx_osdr_items_search is 'GET /v1/space/osdr/datasets?q=';
CREATE INDEX idx_osdr_items_updated ON space.osdr_items USING btree (updated_at DESC, dataset_id DESC);
comment on index space.idx_osdr_items_updated is 'GET /v1/space/osdr/datasets?sort=-updatedAt';
CREATE TRIGGER count_deletes AFTER DELETE ON space.osdr_items REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_inserts AFTER INSERT ON space.osdr_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_truncations AFTER TRUNCATE ON space.osdr_items FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER count_updates AFTER UPDATE ON space.osdr_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION core.count_writes();
CREATE TRIGGER record_changes AFTER UPDATE ON space.osdr_items REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION space.record_dataset_changes();
CREATE TRIGGER record_new AFTER INSERT ON space.osdr_items REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION space.record_new_datasets();
grant insert, select, update on table space.osdr_items to lockstep_app;

create table space.upstream_answers (
  upstream text not null,
  request text not null,
  body_hash text not null,
  status integer not null,
  content_type text not null,
  body text not null,
  verdict text not null,
  reason text,
  times integer default 1 not null,
  first_received_at timestamp with time zone default now() not null,
  received_at timestamp with time zone default now() not null,
  constraint upstream_answers_upstream_request_body_hash_pk PRIMARY KEY (upstream, request, body_hash),
  constraint upstream_answers_no_key CHECK ((body || request) !~~ '%api_key=%'::text),
  constraint upstream_answers_reason CHECK ((verdict = 'quarantined'::text) = (reason IS NOT NULL)),
  constraint upstream_answers_verdict CHECK (verdict = ANY (ARRAY['accepted'::text, 'not_modified'::text, 'quarantined'::text]))
);
CREATE INDEX idx_upstream_answers_received ON space.upstream_answers USING btree (received_at);
comment on index space.idx_upstream_answers_received is 'the removal of answers past their week';
grant delete, insert, select, update on table space.upstream_answers to lockstep_app;

create table space.upstream_state (
  upstream text not null,
  last_ok_at timestamp with time zone,
  last_error_at timestamp with time zone,
  last_error text,
  failures integer default 0 not null,
  open_until timestamp with time zone,
  quota_limit integer,
  quota_left integer,
  quota_until timestamp with time zone,
  constraint upstream_state_pkey PRIMARY KEY (upstream),
  constraint upstream_state_failures CHECK (failures >= 0)
);
grant insert, select, update on table space.upstream_state to lockstep_app;

CREATE OR REPLACE FUNCTION space.drop_log_months(before timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  month record;
  dropped integer := 0;
begin
  for month in
    select c.relname as name
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'space.iss_fetch_log'::regclass
      and c.relname < 'iss_fetch_log_' || to_char(before at time zone 'UTC', 'YYYYMM')
    order by c.relname
    limit 12
  loop
    execute format('drop table space.%I', month.name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$function$;
revoke execute on function space.drop_log_months(timestamp with time zone) from public;
grant execute on function space.drop_log_months(timestamp with time zone) to lockstep_app;

CREATE OR REPLACE FUNCTION space.get_views_refresh_status()
 RETURNS TABLE(view text, populated boolean, last_refresh timestamp with time zone, confirmed_at timestamp with time zone, age_seconds double precision, duration_ms double precision, rows bigint, size_bytes bigint, pending_writes bigint, skipped integer)
 LANGUAGE sql
 STABLE
 SET search_path TO ''
AS $function$
  select * from core.get_views_refresh_status() s where s.view like 'space.%'
$function$;

CREATE OR REPLACE FUNCTION space.haversine_km(lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((((2)::numeric * 6371.0088))::double precision * atan2(sqrt(((sin((radians((lat2 - lat1)) / (2)::double precision)) ^ (2)::double precision) + ((cos(radians(lat1)) * cos(radians(lat2))) * (sin((radians((lng2 - lng1)) / (2)::double precision)) ^ (2)::double precision)))), sqrt(abs(((1)::double precision - ((sin((radians((lat2 - lat1)) / (2)::double precision)) ^ (2)::double precision) + ((cos(radians(lat1)) * cos(radians(lat2))) * (sin((radians((lng2 - lng1)) / (2)::double precision)) ^ (2)::double precision))))))));

CREATE OR REPLACE FUNCTION space.keep_log_month(at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  first_moment timestamptz := date_trunc('month', at, 'UTC');
  next_moment timestamptz := date_trunc('month', at at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  name text := 'iss_fetch_log_' || to_char(first_moment at time zone 'UTC', 'YYYYMM');
begin
  if to_regclass('space.' || name) is not null then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('space.' || name, 0));
  -- Asked of the table and not of the catalog cache, which does not see what was made while this waited.
  if exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = 'space'::regnamespace
      and c.relname = name
  ) then
    return false;
  end if;
  execute format(
    'create table space.%I (like space.iss_fetch_log including all excluding identity)', name
  );
  execute format(
    'alter table space.iss_fetch_log attach partition space.%I for values from (%L) to (%L)',
    name, first_moment, next_moment
  );
  return true;
end
$function$;
revoke execute on function space.keep_log_month(timestamp with time zone) from public;
grant execute on function space.keep_log_month(timestamp with time zone) to lockstep_app;

CREATE OR REPLACE FUNCTION space.record_dataset_changes()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, changed.field, changed.was, changed.became
  from after_rows a
  join before_rows b on b.dataset_id = a.dataset_id
  cross join lateral (
    values
      ('title', to_jsonb(b.title), to_jsonb(a.title)),
      ('description', to_jsonb(b.description), to_jsonb(a.description)),
      ('releaseDate', to_jsonb(b.release_date), to_jsonb(a.release_date)),
      ('organism', to_jsonb(b.organism), to_jsonb(a.organism)),
      ('material', to_jsonb(b.material), to_jsonb(a.material)),
      ('project', to_jsonb(b.project), to_jsonb(a.project)),
      ('projectType', to_jsonb(b.project_type), to_jsonb(a.project_type)),
      ('mission', b.mission, a.mission),
      ('assayTypes', b.assay_types, a.assay_types),
      ('raw', to_jsonb(b.content_hash), case
        when row(b.title, b.description, b.release_date, b.organism, b.material, b.project, b.project_type, b.mission,
            b.assay_types)
          is distinct from row(a.title, a.description, a.release_date, a.organism, a.material, a.project,
            a.project_type, a.mission, a.assay_types)
        then to_jsonb(b.content_hash)
        else to_jsonb(a.content_hash)
      end)
  ) changed (field, was, became)
  where changed.was is distinct from changed.became
  order by a.dataset_id, changed.field;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION space.record_new_datasets()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
begin
  insert into space.osdr_changes (dataset_id, field, old, new)
  select a.dataset_id, 'dataset', null, to_jsonb(a.title)
  from after_rows a
  order by a.dataset_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION space.refresh_activity_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select refreshed.*
  from unnest(array['space.mv_recent_activity']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$function$;

CREATE OR REPLACE FUNCTION space.refresh_all_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select * from space.refresh_iss_materialized_views()
  union all
  select * from space.refresh_osdr_materialized_views()
  union all
  select * from space.refresh_activity_materialized_views()
$function$;

CREATE OR REPLACE FUNCTION space.refresh_iss_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select refreshed.*
  from unnest(array['space.mv_iss_stats_hourly', 'space.mv_iss_stats_daily', 'space.mv_iss_coverage_map']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$function$;

CREATE OR REPLACE FUNCTION space.refresh_osdr_materialized_views()
 RETURNS TABLE(view text, outcome text, rows bigint, duration_ms double precision, as_of timestamp with time zone)
 LANGUAGE sql
 SET search_path TO ''
AS $function$
  select refreshed.*
  from unnest(array['space.mv_osdr_stats', 'space.mv_osdr_by_year']) with ordinality named (view, place)
  cross join lateral core.refresh_view(
    named.view, case named.view when 'space.mv_osdr_stats' then interval '1 day' end
  ) refreshed
  order by named.place
$function$;
