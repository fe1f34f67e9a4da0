import { cacheStatistics } from '../../core/cache.ts'
import type { Ctx } from '../../core/context.ts'
import { sharedLayer } from '../../core/shared-layer.ts'
import type { Caches } from './contract.ts'

/**
 * The caches of the isolate that answers, and the layer that isolates share. No query: isolates share no memory, and each
 * counts for itself. Redis reports its size.
 */
export async function listCaches(ctx: Ctx): Promise<Omit<Caches, 'nextCursor'>> {
  const now = ctx.now()
  const data = cacheStatistics(now).map(({ oldestMs, ...one }) => {
    const hits = one.hits.isolate + one.hits.shared
    const reads = hits + one.misses + one.stale + one.errors
    return {
      ...one,
      hitRatio: reads === 0 ? null : hits / reads,
      oldestSeconds: oldestMs === null ? null : oldestMs / 1_000,
    }
  })
  return { asOf: now.toISOString(), shared: await describeShared(ctx, now), data }
}

async function describeShared(ctx: Ctx, now: Date): Promise<Caches['shared']> {
  const layer = sharedLayer(ctx.env)
  if (layer === null)
    return {
      layer: 'none',
      skippedUntil: null,
      entries: null,
      bytes: null,
      evictions: null,
      why: 'Neither Redis nor KV is configured, so isolates share no layer',
    }
  const until = layer.skippedUntil(now.getTime())
  return {
    layer: layer.name,
    skippedUntil: until === null ? null : new Date(until).toISOString(),
    ...(await layer.size(ctx)),
  }
}
