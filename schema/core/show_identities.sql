-- The share of its numbers that the identity column of each table has left, from 0 to 1.
create or replace function core.show_identities()
returns table (relation text, left_share double precision)
language sql stable security definer
set search_path = ''
as $$
  select n.nspname || '.' || t.relname,
    min(1 - coalesce(pg_catalog.pg_sequence_last_value(s.seqrelid), 0)::float8 / s.seqmax)
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.seqrelid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
  join pg_catalog.pg_class t on t.oid = d.refobjid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  group by 1
$$;
