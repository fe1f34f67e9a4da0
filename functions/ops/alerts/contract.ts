import * as z from 'zod'
import { alertSeverities, alertStates } from '../../../schema/core/states.ts'
import { id, shownInstant } from '../../http/fields.ts'

const Labels = z
  .record(z.string(), z.unknown())
  .meta({ description: 'The thing that the rule watches', examples: [{ job: 'core-housekeeping' }] })

const RuleName = z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'Must be the name of a rule')

export const AlertFilter = {
  state: z
    .enum(['open', ...alertStates])
    .optional()
    .meta({ description: '`open`: every state but `resolved`' }),
  rule: RuleName.optional(),
}
export const AlertCursor = z.tuple([id])

const message = {
  id,
  rule: z.string(),
  labels: Labels,
  state: z.enum(alertStates).meta({
    description:
      '`pending`: beyond the limit, but not for long enough. `unknown`: without a value; such an alert has not ended',
  }),
  severity: z
    .enum(alertSeverities)
    .meta({ description: 'It rises while the alert is open, and never falls' }),
  value: z.number().nullable().meta({ description: 'The newest value; null when it is not known' }),
  unit: z.string().nullable(),
  raise: z.number().nullable().meta({ description: 'The limit beyond which the rule fires' }),
  clear: z.number().nullable().meta({ description: 'The value at which the alert ends' }),
  peak: z.number().nullable().meta({ description: 'The worst value' }),
  count: z.int().meta({ description: 'Evaluations in which the condition held; one a minute' }),
  firstSeenAt: shownInstant,
  lastSeenAt: shownInstant,
  firedAt: shownInstant.nullable(),
  endedAt: shownInstant.nullable(),
  flapping: z
    .boolean()
    .meta({ description: 'It changed three times within an hour; further changes are not sent' }),
  why: z.string().nullable().meta({ description: 'Why the value is not known' }),
  evidence: z
    .array(z.record(z.string(), z.unknown()))
    .meta({ description: 'Up to 20 rows behind the value' }),
  advice: z
    .string()
    .nullable()
    .meta({ description: 'The next step for the operator; null when the rule no longer exists' }),
}

export const Alert = z
  .strictObject({
    ...message,
    critical: z.number().nullable().meta({ description: 'The limit beyond which the alert is critical' }),
    clearingSince: shownInstant.nullable(),
    silenced: z.boolean().meta({ description: 'A silence holds its messages back' }),
    ackedAt: shownInstant.nullable(),
    ackedBy: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Alert' })
export type Alert = z.infer<typeof Alert>

export const AckAlert = z
  .strictObject({ note: z.string().trim().min(1).max(300) })
  .meta({ id: 'AcknowledgeAlert' })
export type AckAlert = z.infer<typeof AckAlert>

const AlertMessage = z.strictObject(message).meta({ id: 'AlertMessage' })

const Storm = z
  .strictObject({
    alerts: z.int(),
    rules: z.array(z.strictObject({ rule: z.string(), severity: z.enum(alertSeverities), alerts: z.int() })),
  })
  .meta({ id: 'AlertStorm' })

const Watchdog = z
  .strictObject({ at: shownInstant, rules: z.int(), firing: z.int(), unknown: z.int() })
  .meta({ id: 'Watchdog' })

/** For webhooks of admins, who receive all events. */
export const alertWebhooks = {
  'alert.fired': { audience: [], data: AlertMessage },
  'alert.escalated': { audience: [], data: AlertMessage },
  'alert.repeated': { audience: [], data: AlertMessage },
  'alert.resolved': { audience: [], data: AlertMessage },
  'alert.unknown': { audience: [], data: AlertMessage },
  'alert.storm': { audience: [], data: Storm },
  'ops.watchdog': { audience: [], data: Watchdog },
} as const
