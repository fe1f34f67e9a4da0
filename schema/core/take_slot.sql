-- Marks a cron slot as done, or raises LS011.
-- Race: one tick fires twice, one run after the other. A lock would be free again for the second run. The
-- slot's row is not free, because it commits with the work.
create or replace function core.take_slot(job_name text, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into core.job_slots (job, slot) values (job_name, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$;
