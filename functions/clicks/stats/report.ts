import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import { ownerOf } from '../campaigns/owner.ts'
import { cachedStats } from './cached-stats.ts'
import { mostDays, type Stats, type StatsQuery } from './contract.ts'
import { mostRows } from './read.ts'

/** The report of a campaign, at most five seconds old; null if the caller may not see the campaign. */
export async function reportStats(ctx: Ctx, id: number, query: StatsQuery): Promise<Stats | null> {
  if (query.to === undefined && query.from !== undefined) checkBegin(ctx, query.from)
  const { value } = await cachedStats.read(ctx, `${id}:${JSON.stringify(query)}`)
  if (value === null) return null
  if (ctx.principal?.role !== 'admin' && value.owner !== ownerOf(ctx)) return null
  const { asOf, tooMany, data } = value
  if (asOf === null)
    throw new AppError('no_data_yet', 'The dimensions are first counted within a minute', { retryAfter: 60 })
  if (tooMany)
    refuse('unprocessable', `The report has more than ${mostRows} rows: give a later from or an earlier to`)
  const { tz, basis } = query
  return { asOf, timezone: tz, basis, uniqueBasis: 'day', data }
}

/** Without `to` the window ends now, so only the verb knows how long it is. A day may begin 14 hours before that of UTC. */
function checkBegin(ctx: Ctx, from: string): void {
  const ms = ctx.now().getTime() - Date.parse(from)
  if (ms > (mostDays + 1) * 86_400_000)
    refuse('validation_failed', `Must be at most ${mostDays} days before to, which is now by default`)
}

function refuse(code: 'unprocessable' | 'validation_failed', message: string): never {
  throw new AppError(code, message, { errors: [{ path: 'from', message }] })
}
