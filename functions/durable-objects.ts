import { Metrics } from './gatherer.ts'
import type { Module } from './http/module.ts'
import { regulatorOf } from './regulator.ts'
import { spillOf } from './spill.ts'
import { streamsOf } from './streams.ts'

/** Every class that wrangler.toml binds, so that each Worker that is composed of modules exports the same ones. */
export function durableObjectsOf(modules: readonly Module[]) {
  return {
    Metrics,
    Streams: streamsOf(modules),
    Spill: spillOf(modules),
    Regulator: regulatorOf(modules),
  }
}
