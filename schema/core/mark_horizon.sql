-- How far a feed can be read without missing what commits later; kept for the later statements of the transaction.
-- Only writers of the feed hold it back: a writer keeps its lock on the table until it ends, and a writer that numbers a
-- row itself keeps its lock on the sequence. A later statement may not see a row for one of three reasons. Its writer held
-- a lock in step 2: then the row's place is at least that writer's id. It was written after step 2: then its place is at
-- least what step 1 saw finished and numbered. Its writer held a lock without an id: then that id is greater than step 1.
-- Race: with step 2 first, or with rows read in the snapshot of step 1, a commit in between is lost.
-- Definer: the Worker may not read sequences. Volatile: each step has a newer snapshot.
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
$$;
