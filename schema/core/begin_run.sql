-- Inserts a job's run and makes it the run of this transaction; core.settled closes it.
create or replace function core.begin_run(job_name text, slot_at timestamptz, fired_by text) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  run bigint;
begin
  insert into core.job_runs (job, slot, trigger, started_at, xid)
  values (job_name, slot_at, fired_by, clock_timestamp(), pg_catalog.pg_current_xact_id())
  returning id into run;
  perform set_config('lockstep.run', run::text, true);
  return run;
end
$$;
