-- Ends the transaction if a statement with an effect did not settle its answer. Otherwise the key would stay
-- without an answer and the run without an end.
create or replace function core.assert_settled() returns void
language plpgsql
set search_path = ''
as $$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if exists (select from core.idempotency_keys k where k.id = key and k.outcome is null)
    or exists (select from core.job_runs r where r.id = run and r.outcome = 'running')
  then
    raise exception 'a statement with an effect did not settle its answer';
  end if;
end
$$;
