import type { z } from 'zod'
import type { Job } from '../core/job.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Role } from '../registry/roles.ts'
import type { Endpoint } from './endpoint.ts'
import type { Channel } from './stream.ts'

export type Webhooks = Readonly<Record<string, { audience: readonly Role[]; data: z.ZodType }>>

/** The value by which a row is mounted: everything that the Worker needs from it. */
export type Module = {
  name: string
  /** `jobs` are those of all rows, for the operator's endpoints. */
  endpoints: (system: { jobs: readonly Job[] }) => readonly Endpoint[]
  /** Feeds that clients may subscribe to, by the first part of a stream's name. */
  channels?: Readonly<Record<string, Channel>>
  /** Feeds whose events are sent to webhooks. */
  outgoing?: readonly Outgoing[]
  /** The events that webhooks of these roles receive, by the name of the event. Webhooks of admins receive all. */
  webhooks?: Webhooks
}
