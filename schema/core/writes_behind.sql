-- Returns how many statements have changed the tables that a view reads. Postgres' catalog names these tables,
-- so nothing is declared twice. The result is null if a table is not counted.
create or replace function core.writes_behind(view_id oid) returns bigint
language sql stable
set search_path = ''
as $$
  with sources as (
    select distinct d.refobjid as id
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    where r.ev_class = view_id
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid <> view_id
  ),
  counted as (
    select
      exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = s.id
          and t.tgfoid = 'core.count_writes()'::regprocedure
      ) as is_counted,
      (select sum(w.writes) from core.source_writes w where w.source = n.nspname || '.' || c.relname) as writes
    from sources s
    join pg_catalog.pg_class c on c.oid = s.id
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  )
  select case when bool_and(is_counted) then coalesce(sum(writes), 0)::bigint end
  from counted
$$;
