-- no-transaction

create unique index concurrently if not exists alerts_open on core.alerts using btree (rule,labels) where ended_at is null;

create index concurrently if not exists idx_alerts_owing on core.alerts using btree (id) where ended_at is not null and notified in ('firing', 'unknown');

create index concurrently if not exists idx_alerts_ended on core.alerts using btree (ended_at) where ended_at is not null;

create index concurrently if not exists idx_operator_actions_subject on core.operator_actions using btree (subject,id);

create index concurrently if not exists idx_silences_open on core.silences using btree (id) where ended_at is null;

create index concurrently if not exists idx_idempotency_keys_xid
on core.idempotency_keys using btree ((xid::text::bigint & 4294967295));

comment on index core.idx_idempotency_keys_xid is 'the request that wrote a row, by the xmin of the row';

create index concurrently if not exists idx_idempotency_keys_request
on core.idempotency_keys using btree (request_id);

comment on index core.idx_idempotency_keys_request is 'the timeline of a request';

create index concurrently if not exists idx_webhook_deliveries_about
on webhooks.webhook_deliveries using btree (subject, id desc);

comment on index webhooks.idx_webhook_deliveries_about is 'the timeline of a thing';
