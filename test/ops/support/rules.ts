import { sql } from 'drizzle-orm'
import type { Ctx } from '../../../functions/core/context.ts'
import type { Rule, Watch } from '../../../functions/core/watch.ts'
import { judgeValues } from '../../../functions/ops/alerts/judge.ts'
import { measureRules } from '../../../functions/ops/alerts/measure.ts'

/** A rule over the table `public.gauges (name, value)`: one thing for each row. */
export function gaugeRule(more: Partial<Rule> = {}): Rule {
  const rule: Rule = {
    name: 'gauge_high',
    severity: 'warning',
    unit: 'points',
    raise: 10,
    clear: 5,
    pendingFor: 0,
    clearFor: 0,
    absent: 'clear',
    advice: 'Lower it.',
    value: () => sql`select jsonb_build_object('gauge', name) as labels, value from public.gauges`,
    evidence: () =>
      sql`select jsonb_build_object('gauge', name), jsonb_build_object('gauge', name) from public.gauges`,
  }
  return Object.assign(rule, more)
}

type Evaluated = { rows: number; sent: number; firing: number }

/** One evaluation at a moment, as the job does it. */
export async function evaluate(
  ctx: Ctx,
  rules: readonly Rule[],
  { at, slot = null }: { at: Date; slot?: Date | null },
): Promise<Evaluated> {
  const then: Ctx = { ...ctx, now: () => at }
  const watches: Watch[] = [{ rules }]
  const measurement = await measureRules(then, watches)
  const [answer] = await ctx.db.query<{ outcome: Evaluated }>(judgeValues(then, measurement, slot))
  if (answer === undefined) throw new Error('The evaluator returned no row')
  return answer.outcome
}
