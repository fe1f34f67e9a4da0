import { DurableObject } from 'cloudflare:workers'
import type { durableObjectsOf } from '../functions/durable-objects.ts'

type Bound = Record<keyof ReturnType<typeof durableObjectsOf>, unknown>

/** The classes that wrangler.toml binds, for Workers that use none of them. The compiler names one that is missing. */
export const { Metrics, Regulator, Spill, Streams } = {
  Metrics: DurableObject,
  Regulator: DurableObject,
  Spill: DurableObject,
  Streams: DurableObject,
} satisfies Bound
