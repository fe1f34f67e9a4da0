import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer } from '../../core/idempotency.ts'
import { named, type Statement } from '../../core/named.ts'
import { conditionsAt } from './conditions.ts'

/**
 * Opens, raises and ends the alerts of all conditions. One alert is open for each kind and subject, so a condition that
 * lasts counts up and opens no second one.
 */
export function watchAlerts(ctx: Ctx): Statement {
  const conditions = conditionsAt(ctx.now(), ctx.env.FLEET_SHARDS)
  const watched = conditions.map(
    ({ kind, pendingSeconds, raise, clear, critical = null, values }) => sql`
select ${kind}::text as kind, ${pendingSeconds}::int as pending, ${raise}::float8 as raise, ${clear}::float8 as clear,
  ${critical}::float8 as critical, v.*
from (${values}) v (tenant_id, subject, labels, value)`,
  )
  const clearing = conditions.flatMap(({ kind, absent }) => (absent === 'clear' ? [kind] : []))
  return named('fleet.watch-alerts')`
with watched as materialized (${sql.join(watched, sql` union all `)}),
seen as materialized (
  select
    w.*, a.id as open_id, case when w.value >= w.critical then 'critical' else 'warning' end as severity
  from watched w
  left join fleet.alerts a on a.kind = w.kind and a.subject = w.subject and a.cleared_at is null
),
over as materialized (
  select open_id as id from seen where open_id is not null and value <= clear
  union all
  select a.id
  from fleet.alerts a
  where a.cleared_at is null
    and a.kind = any(${sql.param(clearing)}::text[])
    and (a.kind, a.subject) not in (select kind, subject from watched)
),
ended as (
  update fleet.alerts a
  set cleared_at = now(), seen_at = now()
  from over
  where a.id = over.id
    and a.raised_at is not null
  returning a.id
),
dropped as (
  delete from fleet.alerts a
  using over
  where a.id = over.id
    and a.raised_at is null
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
  returning id, kind
),
changes as (
  select (select count(*) from ended) + (select count(*) from dropped) + (select count(*) from opened) as rows
)
select ${answer(sql`jsonb_build_object(
  'rows', rows, 'outcome', case when rows > 0 then 'ok' else 'skipped' end, 'lasting', (select count(*) from lasting),
  'overflows', (select count(*) from opened where kind = 'queue_full')
)`)}
from changes`
}
