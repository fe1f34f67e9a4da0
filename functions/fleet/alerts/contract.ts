import * as z from 'zod'
import { alertKinds, severities } from '../../../schema/fleet/states.ts'
import { id, shownInstant } from '../../http/fields.ts'
import { text } from '../contract.ts'

export const Alert = z
  .strictObject({
    id,
    kind: z.enum(alertKinds),
    severity: z.enum(severities),
    subject: z.string().meta({ examples: ['regulator:7'] }),
    labels: z.record(z.string(), z.unknown()),
    value: z.number().nullable(),
    peak: z.number().nullable(),
    count: z.int().meta({ description: 'Minutes in which the condition was seen' }),
    since: shownInstant,
    raisedAt: shownInstant,
    seenAt: shownInstant,
    clearedAt: shownInstant.nullable(),
    ackedAt: shownInstant.nullable(),
    ackedBy: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'FleetAlert' })
export type Alert = z.infer<typeof Alert>

export const AlertFilter = {
  open: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: only alerts that have not cleared' }),
}

export const AckAlert = z.strictObject({ note: text(300).optional() }).meta({ id: 'AckFleetAlert' })
export type AckAlert = z.infer<typeof AckAlert>
