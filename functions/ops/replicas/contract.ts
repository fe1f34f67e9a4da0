import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

const reads = z.int().meta({ description: 'Reads since this isolate of the Worker began' })

export const Replica = z
  .strictObject({
    number: z.int().meta({ description: 'Its place in DATABASE_URL_REPLICAS, from 1' }),
    host: z.string(),
    asOf: shownInstant,
    reachable: z.boolean(),
    why: z.string().nullable().meta({ description: 'Why the figures of Postgres are unknown' }),
    standby: z.boolean().nullable().meta({ description: 'Whether Postgres says that it is a standby' }),
    replayPaused: z.boolean().nullable(),
    lagSeconds: z.number().nullable().meta({
      description: 'Age of the newest replayed commit; 0 if all that was received is replayed',
    }),
    lastCommitAgeSeconds: z
      .number()
      .nullable()
      .meta({ description: 'Age of the newest replayed commit; it grows while the primary commits nothing' }),
    outUntil: shownInstant.nullable().meta({
      description: 'This isolate sends no reads there until then; null while the replica takes part',
    }),
    outcomes: z
      .strictObject({ served: reads, behind: reads, stale: reads, out: reads, cancelled: reads })
      .meta({ description: 'All but `served` were answered by the primary' }),
  })
  .meta({ id: 'Replica' })
export type Replica = z.infer<typeof Replica>

export const Replicas = z
  .strictObject({
    data: z.array(Replica),
    leftOut: reads.meta({
      description:
        'Reads since this isolate of the Worker began that the primary answered at once, because every replica was left out',
    }),
    nextCursor: z.null(),
  })
  .meta({ id: 'Replicas' })
export type Replicas = z.infer<typeof Replicas>
