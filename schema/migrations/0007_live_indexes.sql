-- no-transaction

create unique index concurrently if not exists idx_webhooks_slot
on core.webhooks using btree (owner, slot)
where removed_at is null;

comment on index core.idx_webhooks_slot is 'an owner has a bounded number of webhooks; GET /v1/webhooks';

create unique index concurrently if not exists idx_webhook_deliveries_event
on core.webhook_deliveries using btree (webhook_id, event_id);

comment on index core.idx_webhook_deliveries_event is 'an event is queued for a webhook once; replay from an event';

create index concurrently if not exists idx_webhook_deliveries_due
on core.webhook_deliveries using btree (webhook_id, due_at, id)
where state = 'waiting';

comment on index core.idx_webhook_deliveries_due is 'what a sender takes next';

create index concurrently if not exists idx_webhook_deliveries_subject
on core.webhook_deliveries using btree (webhook_id, subject, id)
where state = 'waiting';

comment on index core.idx_webhook_deliveries_subject is 'whether an earlier event of the subject still waits';

create index concurrently if not exists idx_webhook_deliveries_list
on core.webhook_deliveries using btree (webhook_id, state, id desc);

comment on index core.idx_webhook_deliveries_list is 'GET /v1/webhooks/{id}/deliveries';

create index concurrently if not exists idx_webhook_deliveries_created_brin
on core.webhook_deliveries using brin (created_at)
with (pages_per_range = 32, autosummarize = on);

comment on index core.idx_webhook_deliveries_created_brin is 'the removal of deliveries past their time';

create index concurrently if not exists idx_orders_unsettled
on dispatch.orders using btree (delivered_at)
where status = 'delivered' and settled_at is null;

comment on index dispatch.idx_orders_unsettled is 'deliveries whose time to be undone is over';

create index concurrently if not exists idx_lost_claims_courier
on dispatch.lost_claims using btree (courier_id, last_at desc);

comment on index dispatch.idx_lost_claims_courier is 'lost claims by courier in GET /v1/dispatch/stats';
