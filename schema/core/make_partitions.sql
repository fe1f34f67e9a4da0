-- Makes the partitions of one registered table for these moments, as a row that met "no partition" needs. A moment
-- that is not kept any more, or that is further ahead than the keeper works, gets none: its row stays refused. So no
-- row can make tables without end. Returns how many were made. Definer: the Worker owns nothing.
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
