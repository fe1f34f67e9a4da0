import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

const CacheFigures = z
  .strictObject({
    name: z.string(),
    hits: z.strictObject({
      isolate: z.int(),
      shared: z.int().meta({ description: 'From KV, or Redis if it is configured' }),
    }),
    stale: z
      .int()
      .meta({ description: 'Answers older than the bound, given while the source was out or slow' }),
    misses: z.int(),
    absent: z
      .int()
      .meta({ description: 'Answers that the source has no such thing, which count as hits or misses too' }),
    errors: z.int(),
    loads: z.int(),
    loadP95Ms: z
      .number()
      .nullable()
      .meta({ description: 'Of the newest hundred loads; null before the first' }),
    hitRatio: z
      .number()
      .nullable()
      .meta({ description: 'Hits of all layers / reads; null before the first read' }),
    rated: z.boolean().meta({ description: 'Whether the rule `cache_hits` watches its ratio' }),
    evictions: z.int(),
    entries: z.int(),
    bytes: z.int(),
    oldestSeconds: z.number().nullable(),
  })
  .meta({ id: 'CacheFigures' })

const SharedFigures = z
  .strictObject({
    layer: z.enum(['kv', 'redis', 'none']),
    skippedUntil: shownInstant.nullable().meta({
      description: 'After a failure this isolate skips the layer until then; null while it takes part',
    }),
    entries: z
      .int()
      .nullable()
      .meta({ description: 'All keys of the Redis database, also those of other users' }),
    bytes: z.int().nullable().meta({ description: 'Memory that the Redis server uses' }),
    evictions: z
      .int()
      .nullable()
      .meta({ description: 'Keys that the Redis server removed for want of memory' }),
    why: z.string().nullable().meta({ description: 'Why a figure is null' }),
  })
  .meta({ id: 'SharedCacheFigures' })

export const Caches = z
  .strictObject({
    asOf: shownInstant,
    shared: SharedFigures,
    data: z.array(CacheFigures),
    nextCursor: z.null(),
  })
  .meta({ id: 'Caches' })
export type Caches = z.infer<typeof Caches>
