-- Drops whole months of the log, so there are no dead rows to vacuum. The name of a partition contains its
-- month. Definer: the Worker owns nothing.
create or replace function space.drop_log_months(before timestamptz) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  month record;
  dropped integer := 0;
begin
  for month in
    select c.relname as name
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'space.iss_fetch_log'::regclass
      and c.relname < 'iss_fetch_log_' || to_char(before at time zone 'UTC', 'YYYYMM')
    order by c.relname
    limit 12
  loop
    execute format('drop table space.%I', month.name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$;
