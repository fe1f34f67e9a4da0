import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Alert } from './contract.ts'
import { showAlert } from './show.ts'

type Query = { open: boolean | null; before: number | null; limit: number }

/** Newest first. A pending alert has not lasted long enough, and nobody sees it. */
export async function listAlerts(ctx: Ctx, { open, before, limit }: Query): Promise<Alert[]> {
  const rows = await replicaScope(ctx).query<{ alert: Alert }>(named('fleet.list-alerts')`
select ${showAlert()} as alert
from fleet.alerts a
where a.raised_at is not null
  and (${open}::boolean is null or (a.cleared_at is null) = ${open}::boolean)
  and (${before}::bigint is null or a.id < ${before}::bigint)
order by a.id desc
limit ${limit}`)
  return rows.map(({ alert }) => alert)
}
