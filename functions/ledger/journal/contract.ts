import * as z from 'zod'
import {
  balanceEventTypes,
  betEventTypes,
  paymentEventTypes,
  systemEventTypes,
} from '../../../schema/ledger/states.ts'
import { instant, shownInstant } from '../../http/fields.ts'
import { AggregateId, itemKey, streamVersion } from '../contract.ts'

const appendable = [...betEventTypes, ...paymentEventTypes, ...balanceEventTypes] as const
const LedgerEventType = z
  .enum([...appendable, ...systemEventTypes])
  .meta({ id: 'LedgerEventType', description: 'The name starts with the version of its schema' })
export type LedgerEventType = z.infer<typeof LedgerEventType>

/** The data of each event is validated by the schema of its type and version. */
export const IncomingEvent = z
  .strictObject({
    aggregateId: AggregateId,
    type: z.enum(appendable, 'Not a type of event that can be appended'),
    data: z.record(z.string(), z.unknown()),
    idempotencyKey: itemKey,
    expectedVersion: z.int32().min(0).optional(),
    occurredAt: instant.optional(),
  })
  .meta({ id: 'IncomingEvent' })
export type IncomingEvent = z.infer<typeof IncomingEvent>

export const IncomingEvents = z
  .strictObject({ events: z.array(IncomingEvent).min(1).max(10_000) })
  .meta({ id: 'IncomingEvents' })

export const Appended = z.strictObject({ appended: z.int(), duplicates: z.int() }).meta({ id: 'Appended' })
export type Appended = z.infer<typeof Appended>

export const StoredEvent = z
  .strictObject({
    id: z.string(),
    cursor: z.string().meta({ description: 'Send it as `after` to continue after this event' }),
    family: z.enum(['bets', 'payments', 'balances', 'system']),
    aggregateId: z.string(),
    streamVersion,
    type: LedgerEventType,
    data: z.record(z.string(), z.unknown()),
    schemaVersion: z.int(),
    occurredAt: shownInstant,
    recordedAt: shownInstant,
    actor: z.string(),
  })
  .meta({ id: 'StoredEvent' })
export type StoredEvent = z.infer<typeof StoredEvent>

export const EventQuery = {
  after: z
    .string()
    .regex(/^\d{1,19}-\d{1,18}$/, 'Must be a cursor')
    .optional()
    .meta({ description: 'A cursor; without it the answer starts at the first event' }),
  type: LedgerEventType.optional(),
}
