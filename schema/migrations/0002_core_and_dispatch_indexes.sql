-- no-transaction

create index concurrently if not exists idx_job_runs_job
on core.job_runs using btree (job, id desc);

comment on index core.idx_job_runs_job is 'the newest runs of one job';

create index concurrently if not exists idx_idempotency_keys_created
on core.idempotency_keys using btree (created_at);

comment on index core.idx_idempotency_keys_created is 'the removal of keys past their day';

create index concurrently if not exists idx_orders_active
on dispatch.orders using btree (created_at desc)
where status in ('new', 'assigned', 'accepted', 'picked_up');

comment on index dispatch.idx_orders_active is 'live orders of every status, newest first';

create index concurrently if not exists idx_orders_list
on dispatch.orders using btree (status, created_at desc, id desc)
include (store_id, courier_id, pickup_address, delivery_address, boxes_count, price_minor, currency, due_at, ready_at, lease_expires_at, fence, version);

comment on index dispatch.idx_orders_list is 'GET /v1/dispatch/orders?status= as an index-only scan';

create index concurrently if not exists idx_orders_store
on dispatch.orders using btree (store_id, status, created_at desc, id desc)
include (courier_id, pickup_address, delivery_address, boxes_count, price_minor, currency, due_at, ready_at, lease_expires_at, fence, version);

comment on index dispatch.idx_orders_store is 'GET /v1/dispatch/orders of one store as an index-only scan';

create index concurrently if not exists idx_orders_claimable
on dispatch.orders using btree (id)
where status = 'new' and courier_id is null;

comment on index dispatch.idx_orders_claimable is 'POST /v1/dispatch/orders/claim-next, oldest first';

create index concurrently if not exists idx_orders_near
on dispatch.orders using gist (dispatch.on_sphere(pickup_lat, pickup_lng))
where status = 'new' and courier_id is null and pickup_lat is not null;

comment on index dispatch.idx_orders_near is 'POST /v1/dispatch/orders/claim-next, nearest first';

create index concurrently if not exists idx_orders_courier
on dispatch.orders using btree (courier_id, status, created_at desc, id desc)
where courier_id is not null;

comment on index dispatch.idx_orders_courier is 'GET /v1/dispatch/couriers/{id}/orders';

create index concurrently if not exists idx_orders_leases
on dispatch.orders using btree (lease_expires_at)
where status = 'assigned';

comment on index dispatch.idx_orders_leases is 'the sweep of leases that ran out';

create index concurrently if not exists idx_orders_created_brin
on dispatch.orders using brin (created_at)
with (pages_per_range = 128, autosummarize = on);

comment on index dispatch.idx_orders_created_brin is 'GET /v1/dispatch/orders?since= and reports over days';

create index concurrently if not exists idx_order_events_order
on dispatch.order_events using btree (order_id, created_at desc, id desc);

comment on index dispatch.idx_order_events_order is 'GET /v1/dispatch/orders/{id}/events';

create index concurrently if not exists idx_order_events_recent
on dispatch.order_events using brin (created_at)
with (pages_per_range = 32, autosummarize = on);

comment on index dispatch.idx_order_events_recent is 'events of the last hour, over all orders';

create index concurrently if not exists idx_order_events_feed
on dispatch.order_events using btree (xid, id);

comment on index dispatch.idx_order_events_feed is 'GET /v1/dispatch/events after a cursor';

create index concurrently if not exists idx_order_exclusions_courier
on dispatch.order_exclusions using btree (courier_id, order_id);

comment on index dispatch.idx_order_exclusions_courier is 'what claim-next must not offer this courier';
