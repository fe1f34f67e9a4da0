-- Keeps the partitions of every registered table: makes them ahead of time, and drops those past their retention once
-- their rows are folded. `waiting` counts the partitions that should go and that are busy or not folded. A fault of
-- one table is its `error` and stops no other table. Definer: the Worker owns nothing.
-- Race: two keepers. Each takes the lock of a table in core.make_partition, in the order of the names, and holds it to
-- its end, so the second finds the work of the first done.
create or replace function core.keep_partitions()
returns table (relation text, made integer, dropped integer, waiting integer, error text)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
  unit interval;
  today timestamp;
  partition record;
begin
  for registered in select * from core.partitioned p order by p.relation loop
    relation := registered.relation;
    made := 0;
    dropped := 0;
    waiting := 0;
    error := null;
    unit := ('1 ' || registered.every)::interval;
    today := date_trunc(registered.every, now() at time zone 'UTC');
    begin
      made := core.make_partitions(
        registered.relation,
        array(
          select (today + step * unit) at time zone 'UTC'
          from generate_series(0, registered.ahead) step
        )
      );

      -- Only a name that the keeper gave is taken, and the name says which time it holds.
      for partition in
        select named.oid, named.first_moment, (named.first_moment at time zone 'UTC' + unit) at time zone 'UTC' as next_moment
        from (
          select c.oid::regclass as oid,
            to_timestamp(rpad(substring(c.relname from '_(\d+)$'), 8, '01') || ' UTC', 'YYYYMMDD TZ') as first_moment,
            c.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid
          where i.inhparent = registered.relation::regclass
            and c.relname ~ ('^' || split_part(registered.relation, '.', 2)
              || case registered.every when 'day' then '_\d{8}$' else '_\d{6}$' end)
        ) named
        where named.relname = core.partition_name(registered, named.first_moment)
          and named.first_moment < (today - registered.kept * unit) at time zone 'UTC'
        order by named.first_moment
        limit 12
      loop
        begin
          -- Asked first without a lock: an unfolded partition costs no reader a wait.
          if not core.is_folded(registered, partition.first_moment, partition.next_moment) then
            waiting := waiting + 1;
            continue;
          end if;
          perform core.drop_partition(registered.relation, partition.oid, partition.first_moment, partition.next_moment);
          dropped := dropped + 1;
        exception
          when lock_not_available or sqlstate 'LS030' then waiting := waiting + 1;
        end;
      end loop;
    exception
      when others then
        made := 0;
        dropped := 0;
        error := sqlstate || ' ' || sqlerrm;
    end;
    return next;
  end loop;
end
$$;
