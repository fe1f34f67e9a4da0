create table core.job_pauses (
  id bigint primary key generated always as identity,
  job text not null,
  since timestamptz default now() not null,
  until timestamptz not null,
  reason text not null,
  by text not null,
  ended_at timestamptz,
  constraint job_pauses_day check (core.job_pauses.until <= core.job_pauses.since + interval '24 hours')
);

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

grant select, insert, update, delete on table core.job_pauses to lockstep_app;
