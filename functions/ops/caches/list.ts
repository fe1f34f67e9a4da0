import { cacheStatistics } from '../../core/cache.ts'
import type { Ctx } from '../../core/context.ts'
import type { Caches } from './contract.ts'

/** The caches of the isolate that answers. No query: isolates share no memory, and each counts for itself. */
export function listCaches(ctx: Ctx): Omit<Caches, 'nextCursor'> {
  const now = ctx.now()
  const { UPSTASH_REDIS_REST_URL: redis, CACHE: kv } = ctx.env
  const shared = redis === undefined ? (kv === undefined ? 'none' : 'kv') : 'redis'
  const data = cacheStatistics(now).map(({ oldestMs, ...one }) => {
    const hits = one.hits.isolate + one.hits.shared
    const reads = hits + one.misses + one.stale + one.absent + one.errors
    return {
      ...one,
      hitRatio: reads === 0 ? null : hits / reads,
      oldestSeconds: oldestMs === null ? null : oldestMs / 1_000,
    }
  })
  return { asOf: now.toISOString(), sharedLayer: shared, data }
}
