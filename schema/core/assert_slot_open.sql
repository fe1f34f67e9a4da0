-- Raises LS011 if the work of a slot is done. Unlike core.take_slot it writes nothing.
create or replace function core.assert_slot_open(job_name text, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from core.job_slots s where s.job = job_name and s.slot = slot_at) then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$;
