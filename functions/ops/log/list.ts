import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { OperatorAction } from './contract.ts'

type Query = {
  by: string | null
  action: string | null
  subject: string | null
  before: number | null
  limit: number
}

/** The acts of operators, newest first. */
export async function listActions(
  ctx: Ctx,
  { by, action, subject, before, limit }: Query,
): Promise<OperatorAction[]> {
  const rows = await ctx.db.query<{ action: OperatorAction }>(named('ops.list-actions')`
select jsonb_build_object(
  'id', o.id, 'at', core.iso(o.at), 'by', o.by, 'action', o.action, 'subject', o.subject, 'reason', o.reason,
  'detail', o.detail
) as action
from core.operator_actions o
where (${by}::text is null or o.by = ${by})
  and (${action}::text is null or o.action = ${action} or split_part(o.action, '.', 1) = ${action})
  and (${subject}::text is null or o.subject = ${subject})
  and (${before}::bigint is null or o.id < ${before}::bigint)
order by o.id desc
limit ${limit}`)
  return rows.map(({ action: shown }) => shown)
}
