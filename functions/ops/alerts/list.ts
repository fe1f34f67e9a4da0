import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Rule } from '../../core/watch.ts'
import type { Alert } from './contract.ts'
import { rulesAsRows, showAlert } from './show.ts'

type Query = { state: string | null; rule: string | null; before: number | null; limit: number }

/** Alerts, newest first. */
export async function listAlerts(
  ctx: Ctx,
  rules: readonly Rule[],
  { state, rule, before, limit }: Query,
): Promise<Alert[]> {
  const rows = await ctx.db.query<{ alert: Alert }>(named('ops.list-alerts')`
with ${rulesAsRows(rules)}
select ${showAlert()} as alert
from core.alerts a
left join rules r on r.name = a.rule
where (${state}::text is null or a.state = ${state} or ${state} = 'open' and a.ended_at is null)
  and (${rule}::text is null or a.rule = ${rule})
  and (${before}::bigint is null or a.id < ${before}::bigint)
order by a.id desc
limit ${limit}`)
  return rows.map(({ alert }) => alert)
}
