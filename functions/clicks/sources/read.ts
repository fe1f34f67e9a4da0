import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { visibleTo } from '../campaigns/visible.ts'
import type { Source } from './contract.ts'
import { showSource } from './show.ts'

export async function readSource(ctx: Ctx, { id }: { id: number }): Promise<Source | null> {
  const [row] = await ctx.replica.query<{ source: Source }>(named('clicks.read-source')`
select ${showSource('s')} as source
from clicks.traffic_sources s
where s.id = ${id}
  and ${visibleTo(ctx, 's')}`)
  return row?.source ?? null
}
