-- no-transaction

drop index concurrently if exists core.idx_idempotency_keys_created;

drop index concurrently if exists core.idx_job_runs_job;

create index concurrently if not exists idx_job_runs_job
on core.job_runs using btree (job, id desc);

comment on index core.idx_job_runs_job is 'the newest runs of one job';

create index concurrently if not exists idx_idempotency_keys_created
on core.idempotency_keys using btree (created_at);

comment on index core.idx_idempotency_keys_created is 'the removal of keys past their day';
