-- no-transaction

create unique index concurrently if not exists alerts_open on core.alerts using btree (rule,labels) where ended_at is null;

create index concurrently if not exists idx_alerts_owing on core.alerts using btree (id) where ended_at is not null and notified in ('firing', 'unknown');

create index concurrently if not exists idx_alerts_ended on core.alerts using btree (ended_at) where ended_at is not null;

create index concurrently if not exists idx_operator_actions_subject on core.operator_actions using btree (subject,id);

create index concurrently if not exists idx_silences_open on core.silences using btree (id) where ended_at is null;
