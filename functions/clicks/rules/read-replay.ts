import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Replay } from './contract.ts'
import { readable } from './readable.ts'
import { type StoredReplay, storedReplay } from './show-replay.ts'

export async function readReplay(ctx: Ctx, { id }: { id: number }): Promise<Replay | null> {
  const [row] = await ctx.replica.query<{ replay: StoredReplay }>(named('clicks.read-replay')`
select ${storedReplay('r')} as replay
from clicks.replays r
where r.id = ${id}`)
  return row === undefined ? null : readable(row.replay)
}
