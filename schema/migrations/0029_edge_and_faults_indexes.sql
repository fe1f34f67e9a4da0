-- no-transaction

drop index concurrently if exists webhooks.idx_webhook_deliveries_created_brin;

drop index concurrently if exists dispatch.idx_order_events_recent;

create unique index concurrently if not exists dead_messages_message on core.dead_messages using btree (stream,message);

create index concurrently if not exists idx_ingest_sources_incomplete
on core.ingest_sources using btree (stream)
where answered <> items;

comment on index core.idx_ingest_sources_incomplete is 'the gaps of a stream: few sources have one';

create index concurrently if not exists idx_ingest_sources_received
on core.ingest_sources using btree (received_at);

comment on index core.idx_ingest_sources_received is 'the retention of messages, a whole source at a time';

create index concurrently if not exists idx_dead_messages_stream
on core.dead_messages using btree (stream, id)
where replayed_at is null;

comment on index core.idx_dead_messages_stream is 'the dead messages of a stream that wait for a replay';

comment on index dispatch.idx_orders_created_brin is 'GET /v1/dispatch/stats/days';

create index concurrently if not exists idx_order_events_recent
on dispatch.order_events using btree (created_at);

comment on index dispatch.idx_order_events_recent is 'events of the last hour, over all orders, and the removal of old ones';

comment on index ledger.idx_user_balances_view_available is 'GET /v1/ledger/accounts?currency=';

create index concurrently if not exists idx_webhook_deliveries_created
on webhooks.webhook_deliveries using btree (created_at);

comment on index webhooks.idx_webhook_deliveries_created is 'the removal of deliveries past their time';
