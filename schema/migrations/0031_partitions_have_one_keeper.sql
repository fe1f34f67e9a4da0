drop function space.drop_log_months(timestamptz);

drop function space.keep_log_month(timestamptz);

create table core.partitioned (
  relation text primary key,
  key text not null,
  every text not null,
  ahead integer not null,
  kept integer not null,
  folded_by text,
  constraint partitioned_relation_shape check (core.partitioned.relation ~ '^[a-z_]{1,30}[.][a-z_]{1,50}$'),
  constraint partitioned_key check (core.partitioned.key in ('time', 'id')),
  constraint partitioned_every check (core.partitioned.every in ('day', 'month')),
  constraint partitioned_ahead check (core.partitioned.ahead between 1 and 60),
  constraint partitioned_kept check (core.partitioned.kept between 1 and 1000)
);

create or replace function core.first_id(at timestamptz) returns uuid
language sql immutable strict
set search_path = ''
as $$
  select rpad(lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

create or replace function core.partition_name(registered core.partitioned, first_moment timestamptz) returns text
language sql stable
set search_path = ''
as $$
  select split_part(registered.relation, '.', 2) || '_' || to_char(
    first_moment at time zone 'UTC',
    case registered.every when 'day' then 'YYYYMMDD' else 'YYYYMM' end
  )
$$;

create or replace function core.is_folded(
  registered core.partitioned, first_moment timestamptz, next_moment timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  folded boolean := true;
begin
  if registered.folded_by is not null then
    execute format('select %s($1, $2)', registered.folded_by::regproc) into folded using first_moment, next_moment;
  end if;
  return coalesce(folded, false);
end
$$;

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

create or replace function core.make_partitions(relation text, moments timestamptz[]) returns integer
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  registered core.partitioned;
  unit interval;
  today timestamp;
  made integer;
begin
  select * into strict registered from core.partitioned p where p.relation = make_partitions.relation;
  unit := ('1 ' || registered.every)::interval;
  today := date_trunc(registered.every, now() at time zone 'UTC');

  select count(*) filter (where core.make_partition(registered.relation, wanted.first_moment))
  into made
  from (
    select distinct date_trunc(registered.every, moment, 'UTC') as first_moment
    from unnest(moments) moment
    where moment >= (today - registered.kept * unit) at time zone 'UTC'
      and moment < (today + (registered.ahead + 1) * unit) at time zone 'UTC'
    order by 1
  ) wanted;
  return made;
end
$$;
revoke execute on function core.make_partitions(text, timestamptz[]) from public;
grant execute on function core.make_partitions(text, timestamptz[]) to lockstep_app;

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
revoke execute on function core.keep_partitions() from public;
grant execute on function core.keep_partitions() to lockstep_app;

grant select on table core.partitioned to lockstep_app;

insert into core.partitioned (relation, key, every, ahead, kept, folded_by)
values ('space.iss_fetch_log', 'time', 'month', 3, 13, null);
