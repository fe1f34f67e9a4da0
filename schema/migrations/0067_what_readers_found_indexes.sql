-- no-transaction

create index concurrently if not exists idx_parked_events_due
on clicks.parked_events using btree (due_at);

comment on index clicks.idx_parked_events_due is 'the parked events whose click is looked for';

create index concurrently if not exists idx_webhook_deliveries_expiry
on webhooks.webhook_deliveries using btree (webhook_id, give_up_at)
where state = 'waiting';

comment on index webhooks.idx_webhook_deliveries_expiry is 'the deliveries whose three days are over';
