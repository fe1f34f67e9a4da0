import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Alert } from './contract.ts'

type Query = { open: boolean; before: number | null; limit: number }

/** Lists the alerts that the invariants job raised for this tenant, newest first. */
export async function listAlerts(ctx: Ctx, { open, before, limit }: Query): Promise<Alert[]> {
  const rows = await tenantScope(ctx).query<{ alert: Alert }>(named('ledger.list-alerts')`
select jsonb_build_object(
  'id', a.id,
  'kind', a.kind,
  'subject', a.subject,
  'evidence', a.evidence,
  'raisedAt', core.iso(a.raised_at),
  'seenAt', core.iso(a.seen_at),
  'resolvedAt', core.iso(a.resolved_at)
) as alert
from ledger.alerts a
where a.tenant_id = ledger.tenant()
  and (not ${open} or a.resolved_at is null)
  and a.id < ${before ?? Number.MAX_SAFE_INTEGER}::bigint
order by a.id desc
limit ${limit}`)
  return rows.map(({ alert }) => alert)
}
