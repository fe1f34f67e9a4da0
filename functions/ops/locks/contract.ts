import * as z from 'zod'
import { instant, shownInstant, wholeWithin } from '../../http/fields.ts'

const session = {
  pid: z.int(),
  name: z.string().nullable().meta({
    description: 'The name of its statement, or of its last one; null unless the Worker sent it',
  }),
  role: z.string().nullable(),
  application: z.string(),
  state: z.string().nullable(),
  xactStart: shownInstant.nullable().meta({ description: 'When its transaction began' }),
  xactMs: z.number().nullable().meta({ description: 'For how long its transaction has been open' }),
}

export const Locks = z
  .strictObject({
    asOf: shownInstant,
    sessions: z
      .array(
        z.strictObject({
          ...session,
          depth: z.int().meta({ description: '0 for a session that waits for nobody' }),
          blockedBy: z.array(z.int()).meta({ description: 'The pids that it waits for' }),
          waitMs: z.number().nullable().meta({ description: 'Null while it waits for no lock' }),
          type: z.string().nullable().meta({ description: 'Of the lock that it waits for' }),
          relation: z.string().nullable(),
          mode: z.string().nullable(),
          lock: z.string().nullable().meta({ description: 'The name of an advisory lock of this system' }),
          own: z.boolean().meta({ description: 'Whether the Worker may cancel its statement' }),
        }),
      )
      .meta({ description: 'Sessions that wait for a lock, each below the session that it waits for' }),
    horizon: z
      .array(z.strictObject({ ...session, xminAge: z.int() }))
      .meta({ description: 'Sessions whose snapshot keeps vacuum from removing rows, the oldest first' }),
  })
  .meta({ id: 'Locks' })
export type Locks = z.infer<typeof Locks>

export const LockPid = z.strictObject({
  pid: wholeWithin(1, 999_999_999).meta({ description: 'A pid from GET /v1/ops/locks' }),
})

export const Cancel = z.strictObject({
  xactStart: instant.meta({
    description: 'The xactStart of that session: a later transaction under a reused pid is spared',
  }),
})

export const Cancelled = z.strictObject({ cancelled: z.literal(true) }).meta({ id: 'CancelledStatement' })
