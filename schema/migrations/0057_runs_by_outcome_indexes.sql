-- no-transaction

drop index concurrently if exists core.idx_job_runs_job;

create index concurrently if not exists idx_job_runs_newest
on core.job_runs using btree (job, id);

comment on index core.idx_job_runs_newest is 'the newest runs of one job';

create index concurrently if not exists idx_job_runs_job_outcome
on core.job_runs using btree (job, outcome, id);

comment on index core.idx_job_runs_job_outcome is 'the newest runs of one job with an outcome, such as its last success';

create index concurrently if not exists idx_job_runs_outcome
on core.job_runs using btree (outcome, id);

comment on index core.idx_job_runs_outcome is 'the newest runs of all jobs with an outcome, without those that found no work';

create index concurrently if not exists idx_job_runs_xid
on core.job_runs using btree ((xid::text::bigint & 4294967295));

comment on index core.idx_job_runs_xid is 'the run that wrote a row, by the xmin of the row';
