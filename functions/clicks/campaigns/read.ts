import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Campaign } from './contract.ts'
import { showCampaign } from './show.ts'
import { visibleTo } from './visible.ts'

export async function readCampaign(ctx: Ctx, { id }: { id: number }): Promise<Campaign | null> {
  const [row] = await ctx.replica.query<{ campaign: Campaign }>(named('clicks.read-campaign')`
select ${showCampaign('c')} as campaign
from clicks.campaigns c
where c.id = ${id}
  and ${visibleTo(ctx, 'c')}`)
  return row?.campaign ?? null
}
