create table core.feed_positions (
  name text primary key,
  xid xid8 not null,
  seq bigint not null,
  moved_at timestamptz default now() not null
);

create table core.webhook_attempts (
  delivery_id bigint not null,
  number integer not null,
  started_at timestamptz not null,
  outcome text,
  status integer,
  took_ms integer,
  constraint webhook_attempts_delivery_id_number_pk primary key(delivery_id,number),
  constraint webhook_attempts_status_range check (core.webhook_attempts.status between 100 and 999)
);

create table core.webhook_deliveries (
  id bigint primary key generated always as identity,
  webhook_id bigint not null,
  event_id text not null,
  subject text not null,
  type text not null,
  body text not null,
  state text default 'waiting' not null,
  attempts integer default 0 not null,
  replays integer default 0 not null,
  due_at timestamptz default now() not null,
  give_up_at timestamptz not null,
  reason text,
  created_at timestamptz default now() not null,
  finished_at timestamptz,
  constraint webhook_deliveries_state_known check (state in ('waiting', 'delivered', 'dead')),
  constraint webhook_deliveries_finished check ((state = 'waiting') = (finished_at is null)),
  constraint webhook_deliveries_dead_for_reason check ((state = 'dead') = (reason is not null)),
  constraint webhook_deliveries_attempts_not_negative check (attempts >= 0 and replays >= 0)
);

create table core.webhooks (
  id bigint primary key generated always as identity,
  owner text not null,
  slot integer not null,
  url text not null,
  events text[] not null,
  description text,
  secret text not null,
  old_secret text,
  old_secret_until timestamptz,
  failures integer default 0 not null,
  failing_since timestamptz,
  paused_until timestamptz,
  disabled_at timestamptz,
  disabled_for text,
  removed_at timestamptz,
  xid xid8 default core.reading_xid() not null,
  version integer default 1 not null,
  created_at timestamptz default now() not null,
  constraint webhooks_owner_shape check (owner = 'admin' or owner ~ '^[a-z]{2,20}:[!-~]{1,128}$'),
  constraint webhooks_slot_range check (slot between 1 and 20),
  constraint webhooks_url_shape check (url ~ '^https?://' and char_length(url) <= 2000),
  constraint webhooks_events_some check (cardinality(events) between 1 and 50),
  constraint webhooks_description_length check (char_length(description) <= 300),
  constraint webhooks_old_secret_ends check ((old_secret is null) = (old_secret_until is null)),
  constraint webhooks_failures_not_negative check (failures >= 0),
  constraint webhooks_failing_since_failure check ((failures > 0) = (failing_since is not null)),
  constraint webhooks_disabled_for_reason check ((disabled_at is null) = (disabled_for is null))
);

create table dispatch.lost_claims (
  order_id bigint not null,
  courier_id bigint not null,
  times integer default 1 not null,
  last_at timestamptz default now() not null,
  constraint lost_claims_pkey primary key(order_id,courier_id),
  constraint lost_claims_times_positive check (times >= 1)
);

alter table dispatch.couriers drop constraint couriers_lost_claims_not_negative;

alter table dispatch.orders add column settled_at timestamptz;

alter table core.webhook_attempts add constraint webhook_attempts_delivery_id_webhook_deliveries_id_fk foreign key (delivery_id) references core.webhook_deliveries(id) on delete cascade;

alter table core.webhook_deliveries add constraint webhook_deliveries_webhook_id_webhooks_id_fk foreign key (webhook_id) references core.webhooks(id);

alter table dispatch.couriers drop column lost_claims;

alter table dispatch.orders add constraint orders_settled_at_with_status check (settled_at is null or status = 'delivered');

grant select, insert, update on table core.feed_positions to lockstep_app;

grant select, insert, update, delete on table core.webhooks to lockstep_app;

grant select, insert, update, delete on table core.webhook_deliveries to lockstep_app;

grant select, insert, update, delete on table core.webhook_attempts to lockstep_app;

create or replace trigger orders_never_step_back
before update on dispatch.orders
for each row
when (new.fence < old.fence
  or new.version < old.version
  or new.status <> old.status and (
    old.status in ('canceled', 'returned')
    or old.status = 'delivered' and (new.status <> 'picked_up' or old.settled_at is not null)
  )
  or old.settled_at is not null and new.settled_at is distinct from old.settled_at)
execute function dispatch.refuse_step_back();

grant select, insert, update on table dispatch.lost_claims to lockstep_app;
