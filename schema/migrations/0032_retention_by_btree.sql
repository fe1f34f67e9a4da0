-- no-transaction

drop index concurrently if exists webhooks.idx_webhook_deliveries_created_brin;

drop index concurrently if exists dispatch.idx_order_events_recent;

create index concurrently if not exists idx_order_events_recent
on dispatch.order_events using btree (created_at);

comment on index dispatch.idx_order_events_recent is 'events of the last hour, over all orders, and the removal of old ones';

create index concurrently if not exists idx_webhook_deliveries_created
on webhooks.webhook_deliveries using btree (created_at);

comment on index webhooks.idx_webhook_deliveries_created is 'the removal of deliveries past their time';
