import { cache } from '../../core/cache.ts'
import { named } from '../../core/named.ts'
import type { Config, Counts } from '../contract.ts'
import { configNow } from './config-now.ts'

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
    const [row] = await ctx.db.query<CachedCampaign>(named('clicks.load-config')`
select ${configNow()}
from clicks.campaigns c
where lower(c.slug) = ${slug}`)
    return row ?? null
  },
})
