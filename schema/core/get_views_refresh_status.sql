-- Lists every materialized view with its last refresh, its age and the writes since then.
create or replace function core.get_views_refresh_status()
returns table (
  view text,
  populated boolean,
  last_refresh timestamptz,
  confirmed_at timestamptz,
  age_seconds double precision,
  duration_ms double precision,
  rows bigint,
  size_bytes bigint,
  pending_writes bigint,
  skipped integer
)
language sql stable
set search_path = ''
as $$
  select
    n.nspname || '.' || c.relname,
    c.relispopulated,
    last.started_at,
    last.confirmed_at,
    extract(epoch from clock_timestamp() - last.confirmed_at)::float8,
    last.duration_ms,
    last.rows,
    pg_catalog.pg_total_relation_size(c.oid),
    core.writes_behind(c.oid) - last.source_writes,
    last.skipped
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select *
    from core.view_refreshes v
    where v.view = n.nspname || '.' || c.relname
    order by v.id desc
    limit 1
  ) last on true
  where c.relkind = 'm'
  order by 1
$$;
