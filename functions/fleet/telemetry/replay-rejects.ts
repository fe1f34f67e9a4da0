import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { ReplayedRejects, ReplayRejects } from './contract.ts'
import { judgeSample } from './judge-sample.ts'
import { type Sent, sendSamples } from './send-samples.ts'

const most = 1_000

type Row = { id: string; tenantId: string; sample: unknown; matching: number }

/**
 * Sends refused samples again, as their tenant sent them. Those that are still wrong stay as they are.
 * Race: two callers replay one reject. Both samples reach the consumer, and its statement (store.ts) takes the reject
 * once; the other sample is a duplicate.
 */
export async function replayRejects(
  ctx: Ctx,
  { ids, nodeUid, reason, after, shiftMs = 0 }: ReplayRejects,
): Promise<ReplayedRejects> {
  const rows = await callerScope(ctx).query<Row>(named('fleet.replay-rejects')`
select id, tenant_id as "tenantId", sample, (count(*) over ())::int as matching
from fleet.telemetry_rejects
where replayed_at is null
  and (${ids === undefined}::boolean or id = any(${sql.param(ids ?? [])}::uuid[]))
  and (${nodeUid ?? null}::text is null or node_uid = ${nodeUid ?? null})
  and (${reason ?? null}::text is null or reason = ${reason ?? null})
  and (${after ?? null}::uuid is null or id > ${after ?? null}::uuid)
order by id
limit ${most}`)
  const received = { nowMs: ctx.now().getTime(), numbered: false, onlyNode: null, shiftMs }
  const rejected: ReplayedRejects['rejected'] = []
  const good: (Sent & { tenantId: number | null })[] = []
  for (const { id, tenantId, sample } of rows) {
    const judged = judgeSample(sample, received)
    if ('reason' in judged) rejected.push({ id, reason: judged.reason })
    // Tenant 0: an admin sent it, for a node that nobody has.
    else good.push({ ...judged.sample, reject: id, tenantId: Number(tenantId) || null })
  }
  const batchId = crypto.randomUUID()
  await Promise.all(
    [...Map.groupBy(good, ({ tenantId }) => tenantId)].map(([tenantId, samples]) =>
      sendSamples(ctx, { batchId, tenantId, boot: null, samples, rejected: [], thinned: 0 }),
    ),
  )
  const [{ matching } = { matching: 0 }] = rows
  const left = matching - rows.length
  return { replayed: good.length, left, next: left > 0 ? (rows.at(-1)?.id ?? null) : null, rejected }
}
