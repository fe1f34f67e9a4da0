import { cache } from '../../core/cache.ts'
import { StatsQuery } from './contract.ts'
import { type ReadStats, statsStatement } from './read.ts'

/** Keys are `{campaign}:{query}`. The owner is part of the value, because the cache asks nobody for a token. */
export const cachedStats = cache<ReadStats>({
  name: 'click_stats',
  boundMs: 5_000,
  maxBytes: 8_000_000,
  shared: true,
  async load(ctx, key) {
    const at = key.indexOf(':')
    const query = StatsQuery.parse(JSON.parse(key.slice(at + 1)))
    const [row] = await ctx.replica.query<ReadStats>(statsStatement(Number(key.slice(0, at)), query))
    return row ?? null
  },
})
