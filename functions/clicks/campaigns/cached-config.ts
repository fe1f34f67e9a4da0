import { sql } from 'drizzle-orm'
import { cache } from '../../core/cache.ts'
import type { Config, Counts } from '../contract.ts'

export type CachedCampaign = { config: Config; counts: Counts | null }

/**
 * Campaigns by their slug in lower case. A redirect never waits long for a newer configuration, and an outage of
 * Postgres is no reason to refuse visitors, so an old one serves for a day.
 */
export const cachedCampaigns = cache<CachedCampaign>({
  name: 'campaign',
  boundMs: 5_000,
  keepMs: 24 * 60 * 60 * 1_000,
  maxBytes: 16_000_000,
  waitMs: 150,
  shared: true,
  async load(ctx, slug) {
    const [row] = await ctx.db.query<CachedCampaign>(sql`
select clicks.config_of(c.id) as config,
  (
    select jsonb_build_object('total', n.total, 'day', n.day, 'today', n.today)
    from clicks.campaign_counts n
    where n.campaign_id = c.id
  ) as counts
from clicks.campaigns c
where lower(c.slug) = ${slug}`)
    return row ?? null
  },
})
