import * as z from 'zod'
import { id, shownInstant } from '../../http/fields.ts'

const stream = z
  .string()
  .regex(/^[a-z][a-z-]{0,59}$/, 'Must be the name of a stream')
  .meta({ description: 'The name of a stream' })

export const DeadFilter = { stream: stream.optional() }
export const DeadCursor = z.tuple([id])

export const DeadMessage = z
  .strictObject({
    id,
    stream: z.string(),
    source: z
      .uuid()
      .nullable()
      .meta({ description: 'The isolate that sent it; null when the head is unreadable' }),
    n: z.int().nullable().meta({ description: 'Its number among the messages of its source' }),
    items: z.int().nullable(),
    bytes: z.int(),
    reason: z.string().meta({
      description: 'unknown_version, malformed, too_old, retries_exhausted, or the SQLSTATE with its message',
    }),
    attempts: z.int().meta({ description: 'How often the queue delivered it' }),
    createdAt: shownInstant,
  })
  .meta({ id: 'DeadMessage' })
export type DeadMessage = z.infer<typeof DeadMessage>

export const ReplayDead = z
  .strictObject({
    stream,
    ids: z
      .array(id)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Messages to replay; without it the oldest 100 of the stream' }),
    after: id
      .optional()
      .meta({ description: 'Without ids: only messages after this one, `next` of the answer before' }),
  })
  .refine(({ ids, after }) => ids === undefined || after === undefined, {
    message: 'Send ids or after, not both',
    path: ['after'],
  })
export type ReplayDead = z.infer<typeof ReplayDead>

export const Replayed = z
  .strictObject({
    data: z.array(
      z.strictObject({
        id,
        outcome: z.enum(['stored', 'failed', 'not_found']),
        reason: z.string().nullable(),
      }),
    ),
    left: z.int().meta({ description: 'Dead messages of the stream that remain' }),
    next: id
      .nullable()
      .meta({ description: 'Send it as `after` to continue; null: these were the last ones' }),
  })
  .meta({ id: 'ReplayedDeadMessages' })
export type Replayed = z.infer<typeof Replayed>
