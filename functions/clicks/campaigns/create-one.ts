import type { Ctx } from '../../core/context.ts'
import { checkDestinations } from './check-destinations.ts'
import type { NewCampaign } from './contract.ts'
import { type Created, createCampaigns } from './create.ts'

export async function createCampaign(ctx: Ctx, campaign: NewCampaign): Promise<Created> {
  const refused = checkDestinations(campaign)
  if (refused) return refused
  const [created] = await createCampaigns(ctx, [campaign])
  if (created === undefined) throw new Error('The statement answered no campaign')
  return created
}
