-- Drops one partition of a registered table, if all its rows are folded. Otherwise it raises LS030, and 55P03 when
-- a reader or writer does not release the table in time. The keeper catches both and asks again at its next run.
-- Runs with the caller's rights; core.keep_partitions is its definer.
-- Race: a late row between the question and the drop. The locks come first, the parent's before the partition's as in
-- every other statement, so the question sees the last row that the partition can get.
create or replace function core.drop_partition(
  relation text, partition regclass, first_moment timestamptz, next_moment timestamptz
) returns void
language plpgsql
set search_path = ''
set lock_timeout = '250ms'
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
begin
  select * into strict registered from core.partitioned p where p.relation = drop_partition.relation;
  execute format('lock table only %s in access exclusive mode', registered.relation::regclass);
  execute format('lock table only %s in access exclusive mode', partition);
  if not core.is_folded(registered, first_moment, next_moment) then
    raise exception using errcode = 'LS030', message = 'a partition has rows that are not folded';
  end if;
  execute format('drop table %s', partition);
end
$$;
