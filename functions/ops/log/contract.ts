import * as z from 'zod'
import { id, shownInstant } from '../../http/fields.ts'

export const ActionFilter = {
  by: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Role and subject of the token, as in `admin:17`' }),
  action: z
    .string()
    .regex(/^[a-z]+(\.[a-z_]+)?$/, 'Must be an action, or its first part')
    .optional()
    .meta({ examples: ['job', 'job.pause'] }),
  subject: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ examples: ['job:core-housekeeping'] }),
}
export const ActionCursor = z.tuple([id])

export const OperatorAction = z
  .strictObject({
    id,
    at: shownInstant,
    by: z.string(),
    action: z.string(),
    subject: z.string(),
    reason: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'OperatorAction' })
export type OperatorAction = z.infer<typeof OperatorAction>
