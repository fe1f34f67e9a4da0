-- Marks the slot of a shard as done, or raises LS011. The row commits with the work of the cycle.
-- Race: two cycles of one slot that both found the lock free, one after the other. The key refuses the second.
create or replace function fleet.take_cycle(shard_number integer, slot_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into fleet.cycles (shard, slot) values (shard_number, slot_at) on conflict do nothing;
  if not found then
    raise exception using errcode = 'LS011', message = 'this slot is done';
  end if;
end
$$;
