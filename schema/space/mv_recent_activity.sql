-- The newest hundred positions and changes of the catalogue.
-- The reader applies the window of 24 hours; inside a view it would stand still. A fix arrives every minute, so
-- the newest hundred rows would all be fixes. Both sources therefore fill the hundred by turns.
create materialized view space.mv_recent_activity as
with activity as (
  (
    select
      'iss:' || id as activity_id,
      'iss_position' as activity_type,
      format('%s, %s by %s', round(latitude::numeric, 2), round(longitude::numeric, 2), source) as details,
      fetched_at as activity_time,
      row_number() over (order by ts desc) as place
    from space.iss_fetch_log
    where norad_id = 25544
    order by ts desc
    limit 100
  )
  union all
  (
    select
      'osdr:' || id,
      case field when 'dataset' then 'osdr_added' else 'osdr_changed' end,
      dataset_id || case field when 'dataset' then ': ' || (new #>> '{}') else ': ' || field end,
      seen_at,
      row_number() over (order by id desc)
    from space.osdr_changes
    order by id desc
    limit 100
  )
)
select activity_id, activity_type, details, activity_time
from activity
order by place, activity_time desc
limit 100;
