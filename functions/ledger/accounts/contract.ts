import * as z from 'zod'
import { instant, shownInstant } from '../../http/fields.ts'
import { minor, Reason, UserId } from '../contract.ts'
import { Currency, currencyCode } from '../currencies/contract.ts'

export const AccountPath = z.strictObject({ userId: UserId, currency: currencyCode })

const money = { currency: z.string(), balanceMinor: minor, reservedMinor: minor, availableMinor: minor }

export const Balance = z
  .strictObject({
    ...money,
    exponent: z.int().meta({ description: 'ISO 4217: decimals of the minor unit' }),
    mayGoNegative: z.boolean(),
    quarantined: z.boolean(),
  })
  .meta({ id: 'Balance' })
export type Balance = z.infer<typeof Balance>

export const BalanceThen = z.strictObject(money).meta({ id: 'BalanceThen' })
export type BalanceThen = z.infer<typeof BalanceThen>

export const At = z.strictObject({
  ts: instant,
  basis: z
    .enum(['recorded', 'effective'])
    .default('recorded')
    .meta({ description: 'Select events by when they were recorded, or by when they took effect' }),
})

export const StatementRange = { currency: Currency, from: instant.optional(), to: instant.optional() }

/** A place between two entries with the account's balance there: the next page adds to it instead of summing anew. */
export const StatementCursor = z.strictObject({
  xid: z.string().regex(/^\d{1,19}$/),
  seq: z.string().regex(/^\d{1,18}$/),
  balanceMinor: z.int(),
  reservedMinor: z.int(),
})
export type StatementCursor = z.infer<typeof StatementCursor>

export const Entry = z
  .strictObject({
    id: z.string(),
    type: z.string(),
    cause: z.string().meta({ description: 'The bet, payment or transfer' }),
    balanceDeltaMinor: minor,
    reservedDeltaMinor: minor,
    balanceMinor: minor.meta({ description: 'After this entry' }),
    reservedMinor: minor,
    occurredAt: shownInstant,
    recordedAt: shownInstant,
  })
  .meta({ id: 'StatementEntry' })
export type Entry = z.infer<typeof Entry>

export type Notice = 'allow-overdraft' | 'forbid-overdraft' | 'quarantine' | 'clear'

export const Because = z.strictObject({ reason: Reason }).meta({ id: 'Because' })

const Quarantined = z
  .strictObject({
    userId: UserId,
    currency: Currency,
    reason: z.string(),
    evidence: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AccountQuarantinedData' })

export const accountWebhooks = {
  'account.quarantined': { audience: ['tenant'] as const, data: Quarantined },
}
