import type { FaultName } from './faults.ts'
import type { Metadata } from './osdr.ts'

export const upstreamNames = [
  'wheretheiss',
  'open-notify',
  'celestrak',
  'satnogs',
  'osdr',
  'apod',
  'neows',
  'donki',
  'ccmc',
] as const
export type UpstreamName = (typeof upstreamNames)[number]

export type Upstreams = {
  /** The name of an upstream follows it: `${url}/osdr/biodata/api/v2/datasets/`. */
  url: string
  /** Sets a fault for all later requests or the next `times`; `matching` limits it to requests that contain this text. */
  fail(upstream: UpstreamName, fault: FaultName, limits?: { times?: number; matching?: string }): void
  /** Removes all faults. */
  heal(): void
  /** Returns to the state after the start: no faults, no changes, no calls. */
  reset(): void
  /** Path and query of each request, oldest first. */
  calls(upstream?: UpstreamName): string[]
  /** The catalogue, which a test may change. */
  datasets: Map<string, Metadata>
  /** Overrides on events by id, `versionId` among them. */
  revised: Map<string, Record<string, unknown>>
  close(): Promise<void>
}

/** The active fault of each upstream, the requests that it hits, and how many more. */
export type Failing = Map<UpstreamName, { fault: FaultName; times: number; matching: string }>
