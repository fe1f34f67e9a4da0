import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Replay } from './contract.ts'
import { readable } from './readable.ts'
import { type StoredReplay, storedReplay } from './show-replay.ts'

type Query = { ruleSetId: number | null; before: number | null; limit: number }

/** Newest first. People start replays, so there are few. */
export async function listReplays(ctx: Ctx, { ruleSetId, before, limit }: Query): Promise<Replay[]> {
  const rows = await ctx.replica.query<{ replay: StoredReplay }>(named('clicks.list-replays')`
select ${storedReplay('r')} as replay
from clicks.replays r
where (${ruleSetId}::bigint is null or r.rule_set_id = ${ruleSetId})
  and (${before}::bigint is null or r.id < ${before})
order by r.id desc
limit ${limit}`)
  return rows.map(({ replay }) => readable(replay))
}
