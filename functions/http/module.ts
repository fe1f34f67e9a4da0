import type { IngestQueue } from '../core/ingest-message.ts'
import type { Job } from '../core/job.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Endpoint } from './endpoint.ts'
import type { Channel } from './stream.ts'

/** The value by which a row is mounted: everything that the Worker needs from it. */
export type Module = {
  name: string
  /** `jobs` and `queues` are those of all rows, for the operator's endpoints. */
  endpoints: (system: { jobs: readonly Job[]; queues: readonly IngestQueue[] }) => readonly Endpoint[]
  /** Feeds that clients may subscribe to, by the first part of a stream's name. */
  channels?: Readonly<Record<string, Channel>>
  /** Feeds whose events are sent to webhooks. */
  outgoing?: readonly Outgoing[]
  /** Streams of accounted ingest that the row receives. */
  queues?: readonly IngestQueue[]
}
