-- Compares a materialized view with its query, once a day and only while no refresh does the same. Returns the rows that
-- differ, or null if no comparison is due. Its caller must stay within its time limit. So a long view is not compared, and a
-- transaction compares one view: the next view waits for the next transaction.
-- Numbers of floating point are left out, because their sums depend on the order in which Postgres reads the rows.
create or replace function core.recount_view(view_name text) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  compared text;
  differing bigint;
begin
  if not exists (
    select
    from (select * from core.view_refreshes v where v.view = view_name order by v.id desc limit 1) newest
    left join core.view_recounts r on r.view = view_name
    where greatest(newest.started_at, r.recounted_at) < begun - interval '1 day'
      and newest.duration_ms < 2000
      and not exists (select from core.view_recounts x where x.recounted_at >= now())
  ) then
    return null;
  end if;
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into compared
  from pg_catalog.pg_attribute a
  where a.attrelid = view_name::regclass
    and a.attnum > 0
    and not a.attisdropped
    and a.atttypid not in ('real'::regtype, 'double precision'::regtype);
  execute format(
    'with expected as materialized (select %1$s from (%2$s) query),
    actual as materialized (select %1$s from %3$s)
    select greatest(
      (select count(*) from (table expected except all table actual) missing),
      (select count(*) from (table actual except all table expected) surplus)
    )',
    compared,
    rtrim(pg_get_viewdef(view_name::regclass), ';'),
    view_name::regclass
  ) into differing;
  return differing;
end
$$;
