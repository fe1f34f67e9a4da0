-- Raises LS013 while the operator has paused a job.
create or replace function core.assert_not_paused(job_name text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (
    select
    from core.job_pauses p
    where p.job = job_name
      and p.until > clock_timestamp()
      and p.ended_at is null
  ) then
    raise exception using errcode = 'LS013', message = 'this job is paused';
  end if;
end
$$;
