-- How far a feed can be read without missing what commits later; kept for the later statements of the transaction.
-- Only writers of the feed hold it back: whoever inserts keeps its lock on the table, and whoever numbers a row itself
-- that on the sequence, until it ends. A row that a later statement cannot see was written either by a transaction that
-- held a lock in step 2, so it stands at that id or above; or after step 2, so it stands at or after what step 1 saw
-- finished and numbered; or by one that held a lock and had no id yet, which is then greater than all of step 1.
-- Race: with step 2 first, or rows read in the snapshot of step 1, a commit in between is lost.
-- Definer: the Worker may not look at sequences. Volatile: each step has a newer snapshot.
create or replace function core.mark_horizon(tables regclass[], numbers regclass) returns void
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  finished bigint;
  numbered bigint;
  writing bigint;
begin
  finished := pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1;
  numbered := coalesce(pg_sequence_last_value(numbers), 0);

  select min(finished + (((w.transactionid::text::bigint - finished + 2147483648) % 4294967296 + 4294967296) % 4294967296 - 2147483648))
  into writing
  from pg_locks l
  join pg_locks w on w.pid = l.pid and w.locktype = 'transactionid' and w.mode = 'ExclusiveLock' and w.granted
  where l.locktype = 'relation'
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.mode = 'RowExclusiveLock'
    and l.granted
    and l.relation in (
      select p.relid from unnest(tables) t, pg_partition_tree(t) p
      union all
      select t from unnest(tables) t
      union all
      select numbers
    );

  perform set_config('lockstep.horizon', case
    when writing <= finished then writing || ' 0'
    else finished || ' ' || numbered + 1
  end, true);
end
$$
