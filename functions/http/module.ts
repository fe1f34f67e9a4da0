import type { z } from 'zod'
import type { Ctx } from '../core/context.ts'
import type { IngestQueue } from '../core/ingest-message.ts'
import type { Job } from '../core/job.ts'
import type { Matter } from '../core/matter.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { Story } from '../core/story.ts'
import type { Watch } from '../core/watch.ts'
import type { Role } from '../registry/roles.ts'
import type { Endpoint } from './endpoint.ts'
import type { Channel } from './stream.ts'

export type Webhooks = Readonly<Record<string, { audience: readonly Role[]; data: z.ZodType }>>

/** Work that recurs within seconds, divided over shards. Each shard has a Durable Object, whose alarm fires at each slot. */
export type Paced = {
  name: string
  shards: (ctx: Ctx) => number
  /** A slot is a multiple of it. */
  seconds: (ctx: Ctx) => number
  /** The counts for the log; null if another run has the slot. */
  run: (ctx: Ctx, at: { shard: number; slot: Date }) => Promise<object | null>
}

/** States that an operator should know and that make the Worker no less ready. */
export type Matters = (ctx: Ctx) => Promise<Matter[]>

/** The value by which a row is mounted: everything that the Worker needs from it. */
export type Module = {
  name: string
  /** Those of all rows: for the operator's endpoints, and for the names of events. */
  endpoints: (system: {
    jobs: readonly Job[]
    webhooks: Webhooks
    queues: readonly IngestQueue[]
    watches: readonly Watch[]
    stories: readonly Story[]
    matters: readonly Matters[]
    /** Known once all endpoints are. */
    all: () => readonly Endpoint[]
  }) => readonly Endpoint[]
  /** Feeds that clients may subscribe to, by the first part of a stream's name. */
  channels?: Readonly<Record<string, Channel>>
  /** Feeds whose events are sent to webhooks. */
  outgoing?: readonly Outgoing[]
  /** The events that webhooks of these roles receive, by the name of the event. Webhooks of admins receive all. */
  webhooks?: Webhooks
  /** Streams of accounted ingest that the row receives. */
  queues?: readonly IngestQueue[]
  paced?: Paced
  /** The history of its things, for the operator's timeline. */
  story?: Story
  /** The rules and queues that the operator watches. `jobs` are those of all rows. */
  watch?: (system: { jobs: readonly Job[] }) => Watch
  /** States of the row that readiness reports. */
  matters?: Matters
  /** Whether the credential of the calling device was not replaced. A device that no row knows is refused. */
  isCurrentDevice?: (ctx: Ctx) => Promise<boolean>
}
