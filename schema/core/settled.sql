-- Every statement with an effect ends in this call and returns its answer. The function keeps the answer beside
-- the idempotency key and the job run of the transaction, if there are any. An answer with "again" is not
-- final: its key becomes free. An answer of nothing is kept as JSON null. A run that failed leaves its slot open.
create or replace function core.settled(answer jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  key text := nullif(current_setting('lockstep.key', true), '');
  run bigint := nullif(current_setting('lockstep.run', true), '')::bigint;
begin
  if key is not null and answer ? 'again' then
    delete from core.idempotency_keys where id = key;
  elsif key is not null then
    update core.idempotency_keys set outcome = coalesce(answer, 'null') where id = key;
  end if;
  if run is not null then
    update core.job_runs
    set outcome = coalesce(answer ->> 'outcome', 'ok'),
        rows = (answer ->> 'rows')::bigint,
        error = answer ->> 'error',
        detail = answer - 'outcome' - 'rows' - 'error',
        finished_at = clock_timestamp(),
        round_trips = coalesce(nullif(current_setting('lockstep.trips', true), '')::integer, 1)
    where id = run;
  end if;
  if run is not null and answer ->> 'outcome' = 'failed' then
    delete from core.job_slots s using core.job_runs r where r.id = run and s.job = r.job and s.slot = r.slot;
  end if;
  return answer;
end
$$;
