import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Reject } from './contract.ts'

type Page = {
  nodeUid?: string | undefined
  reason?: string | undefined
  before: string | null
  limit: number
}

/** Newest first. */
export function listRejects(ctx: Ctx, { nodeUid, reason, before, limit }: Page): Promise<Reject[]> {
  return replicaScope(ctx).query<Reject>(named('fleet.list-rejects')`
select id, core.iso(received_at) as "receivedAt", node_uid as "nodeUid", reason, sample,
  core.iso(replayed_at) as "replayedAt"
from fleet.telemetry_rejects
where (${before}::uuid is null or id < ${before}::uuid)
  and (${nodeUid ?? null}::text is null or node_uid = ${nodeUid ?? null})
  and (${reason ?? null}::text is null or reason = ${reason ?? null})
order by id desc
limit ${limit}`)
}
