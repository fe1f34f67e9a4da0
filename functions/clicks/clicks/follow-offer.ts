import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import { cachedCampaigns } from '../campaigns/cached-config.ts'
import { choose, closedFor } from '../rules.ts'
import { fillDestination } from './fill-destination.ts'
import { linksOf } from './item.ts'
import { newId } from './new-id.ts'
import { readVisit } from './read-visit.ts'
import { record } from './record.ts'
import type { Destination, Followed } from './redirect.ts'

/**
 * Sends a visitor on from a landing page to the offer, under the id of the click. An offer that the campaign lacks, or
 * that is stopped, is chosen anew.
 */
export async function followOffer(
  ctx: Ctx,
  { id, request, query }: Pick<Followed, 'request' | 'query'> & { id: string },
): Promise<Destination> {
  const { value } = await cachedCampaigns.read(ctx, (query['c'] ?? '').toLowerCase())
  if (value === null) throw new AppError('not_found', 'The link names no campaign')
  const { config } = value
  if (config.status === 'archived') throw new AppError('campaign_archived')
  const visit = await readVisit(ctx, { request, query }, config)
  const at = { now: ctx.now().toISOString(), day: visit.asking.local.day }
  // A cap ends new clicks. This visitor has been counted.
  const closed = closedFor(config, null, at)
  const named = config.offers.find((one) => String(one.id) === query['o'] && one.weight > 0)
  const offer = closed === null ? (named ?? choose(config, visit.asking, visit.key ?? id).offer) : null
  if (offer === null && config.fallbackUrl === null)
    throw new AppError('not_found', 'The campaign is closed, or none of its offers is for this visitor')

  if (!visit.isPreview && offer !== null) {
    const data = { offerId: offer.id, ...(visit.bot !== null && { bot: visit.bot }) }
    await record(ctx, config, {
      kind: 'event',
      id: newId(ctx.now()),
      click: id,
      campaign: config.id,
      type: 'offer_click',
      data,
    })
  }
  const location =
    offer === null
      ? (config.fallbackUrl ?? '')
      : fillDestination(offer.url, {
          id,
          config,
          links: linksOf(config, query),
          country: visit.asking.country,
          device: visit.asking.device,
          offerlink: null,
        })
  return { location, referrerPolicy: config.referrerPolicy }
}
