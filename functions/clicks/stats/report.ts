import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import { ownerOf } from '../campaigns/owner.ts'
import { cachedStats } from './cached-stats.ts'
import type { Stats, StatsQuery } from './contract.ts'

/** The report of a campaign, at most five seconds old; null if the caller may not see the campaign. */
export async function reportStats(ctx: Ctx, id: number, query: StatsQuery): Promise<Stats | null> {
  const { value } = await cachedStats.read(ctx, `${id}:${JSON.stringify(query)}`)
  if (value === null) return null
  if (ctx.principal?.role !== 'admin' && value.owner !== ownerOf(ctx)) return null
  const { asOf, data } = value
  if (asOf === null)
    throw new AppError('no_data_yet', 'The dimensions are first counted within a minute', { retryAfter: 60 })
  const { tz, basis } = query
  return { asOf, timezone: tz, basis, uniqueBasis: 'day', data }
}
