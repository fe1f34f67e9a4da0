import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { DeadMessage } from './contract.ts'

type Query = { stream: string | null; before: number | null; limit: number }

/** Dead messages that nobody has replayed, newest first. Never a body, because it may hold personal data. */
export async function listDead(ctx: Ctx, { stream, before, limit }: Query): Promise<DeadMessage[]> {
  const rows = await ctx.replica.query<{ dead: DeadMessage }>(named('ops.list-dead')`
select jsonb_build_object(
  'id', d.id, 'stream', d.stream, 'source', d.source, 'n', d.n, 'items', d.items, 'bytes', octet_length(d.body),
  'reason', d.reason, 'attempts', d.attempts, 'createdAt', core.iso(d.created_at)
) as dead
from core.dead_messages d
where d.replayed_at is null
  and (${stream}::text is null or d.stream = ${stream})
  and (${before}::bigint is null or d.id < ${before})
order by d.id desc
limit ${limit}`)
  return rows.map(({ dead }) => dead)
}
