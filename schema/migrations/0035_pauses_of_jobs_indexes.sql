-- no-transaction

create index concurrently if not exists idx_job_pauses_job on core.job_pauses using btree (job,until);
