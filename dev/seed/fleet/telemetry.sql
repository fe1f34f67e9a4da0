-- Samples, minutes and hours of some series. $1 and $2 name node and metric of each series, $3 the moment from which its
-- sensor is stuck, $4 the values of all series one after the other, $5 the first moment, $6 the samples of
-- a series, $7 the minutes between two of them.
with series as (
  select s.*, m.kind = 'counter' as is_counter
  from unnest($1::bigint[], $2::text[], $3::timestamptz[]) with ordinality as s (node_id, metric, stuck_from, nth)
  join fleet.metrics m on m.name = s.metric
),
points as materialized (
  select s.node_id, m.id as metric_id, v.value,
    $5::timestamptz + (v.nth - 1) % $6::int * $7::int * interval '1 minute' as ts,
    case when s.is_counter then greatest(v.value - lag(v.value, 1, v.value) over (order by v.nth), 0) end as increase,
    s.stuck_from
  from unnest($4::float8[]) with ordinality as v (value, nth)
  join series s on s.nth = (v.nth - 1) / $6::int + 1
  join fleet.metrics m on m.name = s.metric
  where v.value is not null
),
stored as (
  insert into fleet.telemetry_samples (node_id, metric_id, channel, ts, value, raw, quality, received_at)
  select node_id, metric_id, '', ts, value, value, case when ts >= stuck_from then 'stuck' else 'good' end,
    ts + interval '1 second'
  from points
  order by node_id, metric_id, ts
),
minutes as (
  insert into fleet.telemetry_1m (node_id, metric_id, channel, minute, n, sum, min, max, last, last_ts, increase, folded)
  select node_id, metric_id, '', ts, 1, value, value, value, value, ts, increase, true
  from points
  order by node_id, metric_id, ts
),
hours as (
  insert into fleet.telemetry_1h (node_id, metric_id, channel, hour, n, sum, min, max, last, last_ts, increase, folded)
  select node_id, metric_id, '', date_trunc('hour', ts, 'UTC'), count(*), sum(value), min(value), max(value),
    (array_agg(value order by ts desc))[1], max(ts), sum(increase), true
  from points
  group by 1, 2, 4
),
days as (
  insert into fleet.telemetry_1d (node_id, metric_id, channel, day, n, sum, min, max, last, last_ts, increase)
  select p.node_id, p.metric_id, '', (p.ts at time zone g.timezone)::date, count(*), sum(p.value), min(p.value),
    max(p.value), (array_agg(p.value order by p.ts desc))[1], max(p.ts), sum(p.increase)
  from points p
  join fleet.nodes n on n.id = p.node_id
  join fleet.greenhouses g on g.id = n.greenhouse_id
  group by 1, 2, 4
),
changed as (
  select *, value is distinct from lag(value) over (partition by node_id, metric_id order by ts) as is_new
  from points
)
insert into fleet.telemetry_last (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
select distinct on (node_id, metric_id) node_id, metric_id, '', ts, value, value,
  case when ts >= stuck_from then 'stuck' else 'good' end,
  max(ts) filter (where is_new) over (partition by node_id, metric_id), ts + interval '1 second'
from changed
order by node_id, metric_id, ts desc;
