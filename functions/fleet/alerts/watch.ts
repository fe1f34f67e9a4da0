import { type SQL, sql } from 'drizzle-orm'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'

/** A value at `raise` opens an alert, and one at `clear` or below ends it. */
type Rule = { kind: string; pendingSeconds: number; raise: number; clear: number; values: SQL }

/** Each rule selects (tenant_id, subject, labels, value): what it watches, also while nothing is wrong. */
const rules: Rule[] = [
  {
    // Since when the value is outside its range; it ends inside by the hysteresis, as for the regulator.
    kind: 'target',
    pendingSeconds: 1_800,
    raise: 1,
    clear: 0,
    values: ofRegulators(sql`fleet.was_acting(w.outcome)::int`),
  },
  {
    kind: 'budget',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    values: ofRegulators(sql`(w.outcome = 'budget_exhausted')::int`),
  },
  {
    kind: 'metric_silent',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    values: ofRegulators(sql`(w.outcome in ('stale', 'no_value'))::int`),
  },
  {
    kind: 'node_silent',
    pendingSeconds: 0,
    raise: 1,
    clear: 0,
    values: sql`
select n.tenant_id, 'node:' || n.uid, jsonb_build_object('greenhouse', n.greenhouse_id, 'node', n.uid),
  (n.lifecycle = 'DEGRADED')::int
from fleet.nodes n`,
  },
  {
    // The share of zones that failed in the last minute.
    kind: 'cycle_failures',
    pendingSeconds: 0,
    raise: 0.1,
    clear: 0.05,
    values: sql`
select null::bigint, 'shard:' || c.shard, jsonb_build_object('shard', c.shard),
  sum(c.failed) / greatest(sum(c.zones), 1)::float8
from fleet.cycles c
where c.slot > now() - interval '1 minute'
group by c.shard`,
  },
  {
    // Seconds since the last cycle of a shard that ran within the day.
    kind: 'cycle_missed',
    pendingSeconds: 0,
    raise: 60,
    clear: 30,
    values: sql`
select null::bigint, 'shard:' || c.shard, jsonb_build_object('shard', c.shard),
  extract(epoch from now() - max(c.slot))::float8
from fleet.cycles c
where c.slot > now() - interval '1 day'
group by c.shard`,
  },
]

/**
 * Opens, raises and ends the alerts of all rules. One alert is open for each kind and subject, so a condition that lasts
 * counts up and opens no second one.
 */
export function watchAlerts(): Statement {
  const watched = rules.map(
    ({ kind, pendingSeconds, raise, clear, values }) => sql`
select ${kind}::text as kind, ${pendingSeconds}::int as pending, ${raise}::float8 as raise, ${clear}::float8 as clear, v.*
from (${values}) v (tenant_id, subject, labels, value)`,
  )
  return named('fleet.watch-alerts')`
with watched as materialized (${sql.join(watched, sql` union all `)}),
seen as materialized (
  select
    w.*, a.id as open_id,
    case when w.kind = 'cycle_failures' and w.value >= 0.3 then 'critical' else 'warning' end as severity
  from watched w
  left join fleet.alerts a on a.kind = w.kind and a.subject = w.subject and a.cleared_at is null
),
ended as (
  update fleet.alerts a
  set cleared_at = now(), seen_at = now()
  from seen
  where a.id = seen.open_id
    and a.raised_at is not null
    and seen.value <= seen.clear
  returning a.id
),
dropped as (
  delete from fleet.alerts a
  using seen
  where a.id = seen.open_id
    and a.raised_at is null
    and seen.value <= seen.clear
  returning a.id
),
lasting as (
  update fleet.alerts a
  set
    count = a.count + 1,
    value = seen.value,
    peak = greatest(a.peak, seen.value),
    severity = case when seen.severity = 'critical' then 'critical' else a.severity end,
    seen_at = now(),
    raised_at = case
      when a.raised_at is null and a.since + make_interval(secs => seen.pending) <= now() then now()
      else a.raised_at
    end
  from seen
  where a.id = seen.open_id
    and seen.value > seen.clear
  returning a.id
),
opened as (
  insert into fleet.alerts (tenant_id, kind, severity, subject, labels, value, peak, since, raised_at)
  select tenant_id, kind, severity, subject, labels, value, value, now(), case when pending = 0 then now() end
  from seen
  where open_id is null
    and value >= raise
  on conflict (kind, subject) where cleared_at is null do nothing
  returning id
),
changes as (
  select (select count(*) from ended) + (select count(*) from dropped) + (select count(*) from opened) as rows
)
select ${answer(sql`jsonb_build_object(
  'rows', rows, 'outcome', case when rows > 0 then 'ok' else 'skipped' end, 'lasting', (select count(*) from lasting)
)`)}
from changes`
}

function ofRegulators(value: SQL): SQL {
  return sql`
select r.tenant_id, 'regulator:' || r.id,
  jsonb_build_object('greenhouse', z.greenhouse_id, 'zone', z.id, 'metric', m.name, 'direction', r.direction), ${value}
from fleet.regulators r
join fleet.zones z on z.id = r.zone_id
join fleet.metrics m on m.id = r.metric_id
join fleet.dose_windows w on w.regulator_id = r.id
where w.outcome is not null`
}
