import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Rule } from '../../core/watch.ts'
import { evaluatorJob } from '../alerts/judge.ts'
import { isSilenced, rulesAsRows } from '../alerts/show.ts'
import type { Pulse } from './contract.ts'

/** The alerts that need the operator's attention, worst first. It reads the open alerts only, of which there are few. */
export async function readPulse(ctx: Ctx, rules: readonly Rule[]): Promise<Pulse> {
  const [pulse] = await ctx.db.query<Pulse>(named('ops.read-pulse')`
with ${rulesAsRows(rules)},
evaluated as materialized (
  select s.done_at, now() - s.done_at > interval '3 minutes' as late
  from core.job_slots s
  where s.job = ${evaluatorJob}
  order by s.slot desc
  limit 1
),
open as materialized (
  select a.rule, a.state, a.severity, a.since, a.acked_at is not null as acked, ${isSilenced()} as silenced
  from core.alerts a
  where a.ended_at is null
),
attention as (
  select o.rule as kind, o.state, max(o.severity) filter (where o.severity = 'critical') is not null as critical,
    count(*)::int as count, extract(epoch from now() - min(o.since))::float8 as oldest_seconds,
    '/v1/ops/alerts?state=' || o.state || '&rule=' || o.rule as href,
    (select r.advice from rules r where r.name = o.rule) as advice
  from open o
  where o.state in ('firing', 'unknown')
    and not o.acked
    and not o.silenced
  group by o.rule, o.state
  union all
  select 'evaluator', 'unknown', true, 1, extract(epoch from now() - e.done_at)::float8, '/v1/ops/jobs',
    'The rules of alerts are not evaluated, so nothing else here can be relied on. See the job ' || ${evaluatorJob}::text || '.'
  from (select 1) one
  left join evaluated e on true
  where coalesce(e.late, true)
)
select core.iso(now()) as "asOf", (select core.iso(done_at) from evaluated) as "evaluatedAt",
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'kind', a.kind, 'state', a.state, 'severity', case when a.critical then 'critical' else 'warning' end,
      'count', a.count, 'oldestSeconds', a.oldest_seconds, 'href', a.href, 'advice', a.advice
    ) order by a.critical desc, a.kind = 'evaluator' desc, a.state, a.oldest_seconds desc)
    from attention a
  ), '[]') as attention,
  (select count(*)::int from open where state = 'pending') as pending,
  (select count(*)::int from open where acked) as acknowledged,
  (select count(*)::int from open where silenced) as silenced`)
  if (pulse === undefined) throw new Error('Postgres returned no row of the pulse')
  return pulse
}
