-- no-transaction
-- A lean index is built beside the old one and then takes its name, so a list always has an index.

create index concurrently if not exists idx_orders_list_lean
on dispatch.orders using btree (status, created_at desc, id desc);

drop index concurrently if exists dispatch.idx_orders_list;

alter index dispatch.idx_orders_list_lean rename to idx_orders_list;

comment on index dispatch.idx_orders_list is 'GET /v1/dispatch/orders?status=, newest first';

create index concurrently if not exists idx_orders_store_lean
on dispatch.orders using btree (store_id, status, created_at desc, id desc);

drop index concurrently if exists dispatch.idx_orders_store;

alter index dispatch.idx_orders_store_lean rename to idx_orders_store;

comment on index dispatch.idx_orders_store is 'GET /v1/dispatch/orders of one store, newest first';
