-- Makes and attaches the partition of a registered table that holds a moment, if there is none. It creates a table
-- and attaches it. That needs no exclusive lock on the parent, so neither its readers nor its writers wait.
-- Runs with the caller's rights: only the owner of the table can make one, and core.make_partitions is its definer.
-- Race: two calls for one moment. The second waits for the advisory lock, then reads pg_inherits in a snapshot that
-- shows the first one's partition.
create or replace function core.make_partition(relation text, at timestamptz) returns boolean
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
  first_moment timestamptz;
  next_moment timestamptz;
  partition_name text;
  schema_name text;
  bounds text[];
begin
  select * into strict registered from core.partitioned p where p.relation = make_partition.relation;
  first_moment := date_trunc(registered.every, at, 'UTC');
  next_moment := (first_moment at time zone 'UTC' + ('1 ' || registered.every)::interval) at time zone 'UTC';
  schema_name := split_part(registered.relation, '.', 1);
  partition_name := core.partition_name(registered, first_moment);

  perform pg_advisory_xact_lock(hashtextextended('partitions of ' || registered.relation, 0));
  -- Asked of the table and not of the catalog cache, which does not see what was made while this waited.
  if exists (
    select
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = registered.relation::regclass
      and c.relname = partition_name
  ) then
    return false;
  end if;

  bounds := case registered.key
    when 'id' then array[core.first_id(first_moment)::text, core.first_id(next_moment)::text]
    else array[first_moment::text, next_moment::text]
  end;
  execute format(
    'create table %I.%I (like %s including all excluding identity)',
    schema_name, partition_name, registered.relation::regclass
  );
  execute format(
    'alter table %s attach partition %I.%I for values from (%L) to (%L)',
    registered.relation::regclass, schema_name, partition_name, bounds[1], bounds[2]
  );
  return true;
end
$$;
