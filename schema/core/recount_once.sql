-- Whether a refresh of a materialized view may be skipped, since no write was counted after the newest one, `known`. Once a
-- day the function compares the view with its query first, and keeps the result for the operator. A difference means that
-- a write was not counted: the caller must refresh. A skipped refresh renews the age.
-- Race: a write commits before the comparison and after the caller counted the writes. So `counting`, the query of that
-- count, runs again, and the result is kept only if the count has not moved.
create or replace function core.recount_once(known core.view_refreshes, begun timestamptz, counting text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  differing bigint := core.recount_view(known.view);
  counted bigint;
begin
  if differing is not null then
    execute counting into counted;
    if counted = known.source_writes then
      insert into core.view_recounts as r (view, recounted_at, drift_keys)
      values (known.view, clock_timestamp(), differing)
      on conflict (view) do update
      set recounted_at = excluded.recounted_at, drift_keys = excluded.drift_keys;
    end if;
  end if;
  if differing > 0 then
    return false;
  end if;
  update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
  return true;
end
$$;
