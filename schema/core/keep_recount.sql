-- Keeps the result of core.recount_view, of which the operator sees the newest.
create or replace function core.keep_recount(view_name text, differing bigint) returns void
language sql
set search_path = ''
as $$
  insert into core.view_recounts as r (view, recounted_at, drift_keys)
  values (view_name, clock_timestamp(), differing)
  on conflict (view) do update
  set recounted_at = excluded.recounted_at, drift_keys = excluded.drift_keys
$$;
