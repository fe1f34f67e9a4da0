drop function core.end_idempotent(text);

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
    update core.idempotency_keys set outcome = answer where id = key;
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

create or replace function core.take_lease(lease_name text, holder text, time_to_live interval) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  taken bigint;
begin
  insert into core.leases as l (name, owner, fence, expires_at)
  values (lease_name, holder, 1, clock_timestamp() + time_to_live)
  on conflict (name) do update
  set owner = excluded.owner, fence = l.fence + 1, expires_at = excluded.expires_at
  where l.expires_at <= clock_timestamp()
  returning l.fence into taken;
  if taken is null then
    raise exception using errcode = 'LS010', message = 'somebody else holds this lease';
  end if;
  return taken;
exception
  when lock_not_available then
    raise exception using errcode = 'LS010', message = 'the holder of this lease is writing';
end
$$;
