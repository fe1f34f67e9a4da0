import { named, type Statement } from '../../core/named.ts'

/** The hours of changed minutes, for which the caller makes partitions first. */
export function changedHours(mostMinutes: number): Statement {
  return named('fleet.changed-hours')`
select distinct date_trunc('hour', minute, 'UTC') as hour
from (select minute from fleet.telemetry_1m where not folded order by minute limit ${mostMinutes}) due`
}

/**
 * Computes each hour anew that has a changed minute, and the increase of counters in those minutes. A late sample also
 * changes the increase of the sample after it, so the minute of that one is computed too.
 *
 * A counter that falls by a tenth, or across a boot of its node, began anew, and its value is its increase. A smaller
 * fall is noise.
 *
 * Race: a consumer adds to a minute while this statement runs, or a calibration changes it. The hour lacks the change, and
 * the minute then differs from the one that was summed. So it stays unfolded, and the next run computes its hour again.
 * The consumer locks minutes in the order of their key; so does this statement, all of them before it writes one.
 */
export function foldHours(mostMinutes: number): Statement {
  return named('fleet.fold-hours')`
with due as materialized (
  select node_id, metric_id, channel, minute, n, sum, min, max, last
  from fleet.telemetry_1m
  where not folded
  order by minute
  limit ${mostMinutes}
),
counting as materialized (
  select d.node_id, d.metric_id, d.channel, d.minute
  from due d
  join fleet.metrics m on m.id = d.metric_id
  where m.kind = 'counter'
),
counted as materialized (
  select * from counting
  union
  select c.node_id, c.metric_id, c.channel, following.minute
  from counting c
  cross join lateral (
    select t.minute
    from fleet.telemetry_1m t
    where t.node_id = c.node_id
      and t.metric_id = c.metric_id
      and t.channel = c.channel
      and t.minute > c.minute
    order by t.minute
    limit 1
  ) following
),
increased as materialized (
  select c.*, steps.increase
  from counted c
  cross join lateral (
    select coalesce(sum(
      case
        when before is null then 0
        when value >= before then value - before
        when value >= before * 0.9 and not rebooted then 0
        else value
      end
    ), 0) as increase
    from (
      select p.*,
        exists (
          select
          from fleet.node_boots b
          where b.node_id = c.node_id
            and b.first_at > p.before_ts
            and b.first_at <= p.ts
        ) as rebooted
      from (
        select ts, value, lag(value) over in_time as before, lag(ts) over in_time as before_ts
        from (
          (
            select ts, value
            from fleet.telemetry_samples
            where node_id = c.node_id
              and metric_id = c.metric_id
              and channel = c.channel
              and ts < c.minute
            order by ts desc
            limit 1
          )
          union all
          select ts, value
          from fleet.telemetry_samples
          where node_id = c.node_id
            and metric_id = c.metric_id
            and channel = c.channel
            and ts >= c.minute
            and ts < c.minute + interval '1 minute'
        ) s
        window in_time as (order by ts)
      ) p
      where p.ts >= c.minute
    ) step
  ) steps
),
hours as materialized (
  select distinct node_id, metric_id, channel, date_trunc('hour', minute, 'UTC') as hour
  from (
    select node_id, metric_id, channel, minute from due
    union all
    select node_id, metric_id, channel, minute from counted
  ) changed
),
summed as (
  select h.node_id, h.metric_id, h.channel, h.hour, total.*
  from hours h
  cross join lateral (
    select sum(t.n) as n, sum(t.sum) as sum, min(t.min) as min, max(t.max) as max,
      (array_agg(t.last order by t.minute desc))[1] as last, max(t.last_ts) as last_ts,
      sum(coalesce(i.increase, t.increase)) as increase
    from fleet.telemetry_1m t
    left join increased i on i.node_id = t.node_id
      and i.metric_id = t.metric_id
      and i.channel = t.channel
      and i.minute = t.minute
    where t.node_id = h.node_id
      and t.metric_id = h.metric_id
      and t.channel = h.channel
      and t.minute >= h.hour
      and t.minute < h.hour + interval '1 hour'
  ) total
),
written as (
  insert into fleet.telemetry_1h as t
    (node_id, metric_id, channel, hour, n, sum, min, max, last, last_ts, increase)
  select node_id, metric_id, channel, hour, n, sum, min, max, last, last_ts, increase
  from summed
  order by node_id, metric_id, channel, hour
  on conflict (node_id, metric_id, channel, hour) do update
  set n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max, last = excluded.last,
    last_ts = excluded.last_ts, increase = excluded.increase, folded = false
  returning 1
),
locked as materialized (
  select
  from (
    select node_id, metric_id, channel, minute from due
    union
    select node_id, metric_id, channel, minute from increased
  ) wanted
  join fleet.telemetry_1m t using (node_id, metric_id, channel, minute)
  where (select count(*) from written) >= 0
  order by t.node_id, t.metric_id, t.channel, t.minute
  for no key update of t
),
followers as (
  update fleet.telemetry_1m t
  set increase = i.increase
  from increased i
  where t.node_id = i.node_id
    and t.metric_id = i.metric_id
    and t.channel = i.channel
    and t.minute = i.minute
    and t.folded
    and (select count(*) from locked) >= 0
  returning 1
),
folded as (
  update fleet.telemetry_1m t
  set folded = true, increase = i.increase
  from due d
  left join increased i using (node_id, metric_id, channel, minute)
  where t.node_id = d.node_id
    and t.metric_id = d.metric_id
    and t.channel = d.channel
    and t.minute = d.minute
    and (t.n, t.sum, t.min, t.max, t.last) = (d.n, d.sum, d.min, d.max, d.last)
    and (select count(*) from locked) >= 0
  returning 1
)
select (select count(*) from folded)::int as minutes, (select count(*) from written)::int as hours,
  (select count(*) = ${mostMinutes} from due) as more`
}
