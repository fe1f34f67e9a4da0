import * as z from 'zod'
import { shownInstant } from '../../http/fields.ts'

export const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' })

export const Readiness = z
  .strictObject({
    ready: z.boolean(),
    asOf: shownInstant,
    checks: z.array(
      z.strictObject({
        name: z.string(),
        ok: z.boolean(),
        detail: z.string(),
        ageSeconds: z.number().nullable(),
      }),
    ),
    matters: z.array(
      z.strictObject({
        name: z.string(),
        ok: z.boolean().nullable().meta({ description: 'Null while it is unknown' }),
        detail: z.string(),
        ageSeconds: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.infer<typeof Readiness>
