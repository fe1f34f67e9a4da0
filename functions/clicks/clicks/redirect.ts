import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import { cachedCampaigns } from '../campaigns/cached-config.ts'
import type { Config, LinkColumn } from '../contract.ts'
import { passQuery } from '../offers/pass-query.ts'
import { type Choice, choose, closedFor } from '../rules.ts'
import { fillDestination } from './fill-destination.ts'
import { clickItem, linkNames, linksOf } from './item.ts'
import { newId } from './new-id.ts'
import { offerLink } from './offer-link.ts'
import { readVisit, type Visit } from './read-visit.ts'
import { record } from './record.ts'

export type Followed = {
  slug: string
  request: Request
  query: Readonly<Record<string, string>>
  search: string
}

export type Destination = { location: string; referrerPolicy: string }

/**
 * Sends a visitor of a link to a landing page or an offer. With a warm cache this reads no database: the click is a
 * message, and its consumer decides and counts.
 */
export async function redirect(ctx: Ctx, { slug, request, query, search }: Followed): Promise<Destination> {
  const { value } = await cachedCampaigns.read(ctx, slug.toLowerCase())
  if (value === null) throw new AppError('not_found', 'No campaign has this slug')
  const { config, counts } = value
  if (config.status === 'archived') throw new AppError('campaign_archived')

  const visit = await readVisit(ctx, { request, query }, config)
  const id = newId(ctx.now())
  const links = linksOf(config, query)
  const at = { now: ctx.now().toISOString(), day: visit.asking.local.day }
  const isOpen = closedFor(config, counts, at) === null
  const choice = isOpen ? chosen(config, visit, id) : null
  if (choice === null && config.fallbackUrl === null)
    throw new AppError('not_found', 'The campaign is closed, or none of its offers is for this visitor')

  const { origin } = new URL(request.url)
  const location =
    choice === null
      ? (config.fallbackUrl ?? '')
      : destinationOf({ id, config, visit, links, choice, origin, search })
  await record(ctx, config, clickItem({ id, config, visit, links, choice }))
  return { location, referrerPolicy: config.referrerPolicy }
}

function chosen(config: Config, visit: Visit, id: string): Choice | null {
  const choice = choose(config, visit.asking, visit.key ?? id)
  return choice.landingPage === null && choice.offer === null ? null : choice
}

type Chosen = {
  id: string
  config: Config
  visit: Visit
  links: Partial<Record<LinkColumn, string>>
  choice: Choice
  origin: string
  search: string
}

function destinationOf({ id, config, visit, links, choice, origin, search }: Chosen): string {
  const { landingPage, offer } = choice
  const { url } = landingPage ?? offer ?? { url: '' }
  const { country, device } = visit.asking
  const filled = fillDestination(url, {
    id,
    config,
    links,
    country,
    device,
    offerlink: offerLink({ id, config, offer, links, origin }),
  })
  return config.passQuery ? passQuery(filled, search, new Set(Object.values(linkNames(config)))) : filled
}
