-- What pg_stat_statements has counted of the caller's own named statements. No row if the extension does not exist or the
-- server does not load it. Utility statements are left out, because their text can hold a password, and so are statements
-- inside functions, whose time is in that of their caller.
create or replace function core.own_statements()
returns table (
  query_id bigint,
  name text,
  query text,
  calls bigint,
  total_ms double precision,
  squares_ms double precision,
  rows bigint,
  blocks_hit bigint,
  blocks_read bigint,
  temp_bytes bigint,
  wal_bytes numeric,
  stats_since timestamptz,
  removed bigint
)
language plpgsql stable
set search_path = ''
as $$
declare
  place text := (
    select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
  );
begin
  if place is null then
    return;
  end if;
  return query execute pg_catalog.format($query$
    select s.queryid, pg_catalog.substring(s.query, '/\* ([a-z]+\.[a-z0-9_-]+) \*/'), s.query, s.calls,
      s.total_exec_time, (s.stddev_exec_time ^ 2 + s.mean_exec_time ^ 2) * s.calls, s.rows,
      s.shared_blks_hit, s.shared_blks_read, (s.temp_blks_read + s.temp_blks_written) * 8192, s.wal_bytes,
      s.stats_since, i.dealloc
    from %1$I.pg_stat_statements s
    cross join %1$I.pg_stat_statements_info i
    where s.toplevel
      and s.userid = (select oid from pg_catalog.pg_roles where rolname = current_user)
      and s.dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      and s.query ~ '^\s*(select|with|insert|update|delete|merge|values) /\* [a-z]+\.[a-z0-9_-]+ \*/'
  $query$, place);
exception
  when undefined_table or undefined_column or insufficient_privilege or object_not_in_prerequisite_state then
    return;
end
$$;
