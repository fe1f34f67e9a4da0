-- core.get_views_refresh_status for the views of this row.
create or replace function space.get_views_refresh_status()
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
  select * from core.get_views_refresh_status() s where s.view like 'space.%'
$$;
