import type { Job } from '../core/job.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Endpoint } from './endpoint.ts'
import type { Channel } from './stream.ts'

/** A row as it is mounted: everything that the Worker has to know about it. */
export type Module = {
  name: string
  /** `jobs` are those of all rows, for the operator's endpoints. */
  endpoints: (system: { jobs: readonly Job[] }) => readonly Endpoint[]
  /** Feeds that clients may subscribe to, by the first part of a stream's name. */
  channels?: Readonly<Record<string, Channel>>
  /** Feeds whose events are sent to webhooks. */
  outgoing?: readonly Outgoing[]
}
