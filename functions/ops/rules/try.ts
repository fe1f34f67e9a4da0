import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Rule } from '../../core/watch.ts'
import { replay } from '../decide.ts'
import type { Tried, TryRule } from './contract.ts'

type Series = { labels: Record<string, unknown>; values: [at: number, value: number | null][] }

const mostShown = 1_000

/** The alerts that other limits would have fired on the values of the last fourteen days. Nothing is changed. */
export async function tryRule(ctx: Ctx, rule: Rule, wanted: TryRule): Promise<Tried> {
  const { raise = rule.raise, clear = rule.clear, critical = rule.critical ?? null } = wanted
  const { pendingFor = rule.pendingFor, clearFor = rule.clearFor } = wanted
  const series = await ctx.db.query<Series>(named('ops.try-rule')`
select m -> 'labels' as labels,
  jsonb_agg(jsonb_build_array((extract(epoch from v.at) * 1000)::float8, m -> 'value') order by v.at) as values
from core.alert_values v
cross join lateral jsonb_array_elements(v.measured) m
where v.rule = ${rule.name}
  and v.at > now() - interval '14 days'
group by m -> 'labels'
order by m -> 'labels'`)
  const limits = { raise, clear, critical: critical ?? undefined, pendingFor, clearFor }
  const alerts = series.flatMap(({ labels, values }) => {
    const samples = values.map(([at, value]) => ({ at, value }))
    return replay(samples, { limits, severity: rule.severity }).map((alert) => ({ labels, ...alert }))
  })
  const moments = series.flatMap(({ values }) => [values[0]?.[0] ?? 0, values.at(-1)?.[0] ?? 0])
  return {
    rule: rule.name,
    limits: { raise, clear, critical, pendingFor, clearFor },
    from: moments.length === 0 ? null : isoOf(Math.min(...moments)),
    to: moments.length === 0 ? null : isoOf(Math.max(...moments)),
    values: series.reduce((sum, { values }) => sum + values.length, 0),
    alerts: alerts
      .toSorted((a, b) => a.firedAt - b.firedAt)
      .slice(0, mostShown)
      .map(({ labels, firedAt, endedAt, peak }) => ({
        labels,
        firedAt: isoOf(firedAt),
        endedAt: endedAt === null ? null : isoOf(endedAt),
        peak,
      })),
    fired: alerts.length,
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
