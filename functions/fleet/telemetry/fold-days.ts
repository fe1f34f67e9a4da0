import { named, type Statement } from '../../core/named.ts'

const mostHours = 5_000

/**
 * Computes each day anew that has a changed hour. A day is that of the greenhouse. Where its zone is not whole hours from
 * UTC, the minutes at its ends come from the minutes themselves.
 * It runs under the lease of foldHours and behind it, so no hour changes meanwhile.
 */
export function foldDays(): Statement {
  return named('fleet.fold-days')`
with due as materialized (
  select node_id, metric_id, channel, hour
  from fleet.telemetry_1h
  where not folded
  order by hour
  limit ${mostHours}
),
days as materialized (
  select distinct d.node_id, d.metric_id, d.channel, g.timezone, local.day
  from due d
  join fleet.nodes node on node.id = d.node_id
  join fleet.greenhouses g on g.id = node.greenhouse_id
  cross join lateral (
    values
      ((d.hour at time zone g.timezone)::date),
      (((d.hour + interval '59 minutes') at time zone g.timezone)::date)
  ) as local (day)
),
bounded as materialized (
  select *, day::timestamp at time zone timezone as from_at, (day + 1)::timestamp at time zone timezone as until_at
  from days
),
summed as (
  select b.node_id, b.metric_id, b.channel, b.day, total.*
  from bounded b
  cross join lateral (
    select sum(n) as n, sum(sum) as sum, min(min) as min, max(max) as max,
      (array_agg(last order by last_ts desc))[1] as last, max(last_ts) as last_ts, sum(increase) as increase
    from (
      select n, sum, min, max, last, last_ts, increase
      from fleet.telemetry_1h
      where node_id = b.node_id
        and metric_id = b.metric_id
        and channel = b.channel
        and hour >= b.from_at
        and hour <= b.until_at - interval '1 hour'
      union all
      select n, sum, min, max, last, last_ts, increase
      from fleet.telemetry_1m
      where node_id = b.node_id
        and metric_id = b.metric_id
        and channel = b.channel
        and (
          minute >= b.from_at and minute < date_trunc('hour', b.from_at + interval '59 minutes', 'UTC')
          or minute >= date_trunc('hour', b.until_at, 'UTC') and minute < b.until_at
        )
    ) parts
  ) total
  where total.n is not null
),
written as (
  insert into fleet.telemetry_1d as t
    (node_id, metric_id, channel, day, n, sum, min, max, last, last_ts, increase)
  select node_id, metric_id, channel, day, n, sum, min, max, last, last_ts, increase
  from summed
  order by node_id, metric_id, channel, day
  on conflict (node_id, metric_id, channel, day) do update
  set n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max, last = excluded.last,
    last_ts = excluded.last_ts, increase = excluded.increase
  returning 1
),
folded as (
  update fleet.telemetry_1h t
  set folded = true
  from due d
  where t.node_id = d.node_id
    and t.metric_id = d.metric_id
    and t.channel = d.channel
    and t.hour = d.hour
  returning 1
)
select (select count(*) from folded)::int as hours, (select count(*) from written)::int as days,
  (select count(*) = ${mostHours} from due) as more`
}
