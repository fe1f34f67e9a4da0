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
  /** Each upstream is below it under its name: `${url}/osdr/biodata/api/v2/datasets/`. */
  url: string
  /** From now on, or for the next `times` requests; of all requests, or of those whose path contains `matching`. */
  fail(upstream: UpstreamName, fault: FaultName, limits?: { times?: number; matching?: string }): void
  /** All faults gone. */
  heal(): void
  /** As after the start: no faults, no changes, nobody has asked anything. */
  reset(): void
  /** What was asked, with its query, oldest first. */
  calls(upstream?: UpstreamName): string[]
  /** The catalogue, to change. */
  datasets: Map<string, Metadata>
  /** Overrides on events by id, `versionId` among them. */
  revised: Map<string, Record<string, unknown>>
  close(): Promise<void>
}

/** What each upstream does wrong at the moment, to which requests, and how many times more. */
export type Failing = Map<UpstreamName, { fault: FaultName; times: number; matching: string }>
