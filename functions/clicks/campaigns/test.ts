import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { fillDestination } from '../clicks/fill-destination.ts'
import { linksOf } from '../clicks/item.ts'
import { localTime } from '../clicks/local-time.ts'
import { newId } from '../clicks/new-id.ts'
import { offerLink } from '../clicks/offer-link.ts'
import type { Config, Counts, Part } from '../contract.ts'
import { choose, closedFor } from '../rules.ts'
import { configNow } from './config-now.ts'
import type { TestResult, TestVisit } from './contract.ts'
import { visibleTo } from './visible.ts'

type Test = { id: number; visit: TestVisit; origin: string }

/** Where a visitor would be sent now. Nothing is recorded, and no cache is read. Null without such a campaign. */
export async function testCampaign(ctx: Ctx, { id, visit, origin }: Test): Promise<TestResult | null> {
  const [row] = await ctx.db.query<{ config: Config; counts: Counts | null }>(named('clicks.test-campaign')`
select ${configNow()}
from clicks.campaigns c
where c.id = ${id}
  and ${visibleTo(ctx, 'c')}`)
  if (row === undefined) return null
  const { config, counts } = row
  const local = localTime(config.timezone, ctx.now())
  const at = { now: ctx.now().toISOString(), day: local.day }
  const closed = config.status === 'archived' ? 'archived' : closedFor(config, counts, at)
  const { country, device, os, languages, query, visitorKey } = visit
  const clickId = newId(ctx.now())
  const asking = { country, device, os, languages, query, local }
  const { landingPage, offer } =
    closed === null ? choose(config, asking, visitorKey ?? clickId) : { landingPage: null, offer: null }
  const chosen = landingPage ?? offer
  const links = linksOf(config, query)
  const location =
    chosen === null
      ? config.fallbackUrl
      : fillDestination(chosen.url, {
          id: clickId,
          config,
          links,
          country,
          device,
          offerlink: offerLink({ id: clickId, config, offer, links, origin }),
        })
  return {
    leadsTo: leadsTo({ landingPage, offer, fallback: closed === 'archived' ? null : config.fallbackUrl }),
    closedFor: closed,
    landingPage: partOf(landingPage),
    offer: partOf(offer),
    location: closed === 'archived' ? null : location,
  }
}

type Led = { landingPage: Part | null; offer: Part | null; fallback: string | null }

function leadsTo({ landingPage, offer, fallback }: Led): TestResult['leadsTo'] {
  if (landingPage !== null) return 'landing_page'
  if (offer !== null) return 'offer'
  return fallback === null ? 'nothing' : 'fallback'
}

function partOf(part: Part | null): TestResult['offer'] {
  return part && { id: part.id, name: part.name }
}
