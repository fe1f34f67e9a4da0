import { DurableObject } from 'cloudflare:workers'
import type { durableObjectsOf } from '../functions/durable-objects.ts'

type Bound = Record<keyof ReturnType<typeof durableObjectsOf>, unknown>

/** What wrangler.toml binds, for Workers that use none of it. The compiler names a class that is missing. */
export const { Metrics, Regulator, Spill, Streams, ...more } = {
  Metrics: DurableObject,
  Regulator: DurableObject,
  Spill: DurableObject,
  Streams: DurableObject,
} satisfies Bound
more satisfies Record<string, never>
