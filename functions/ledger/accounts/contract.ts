import * as z from 'zod'
import { Currency, currencyCode, instant, shownInstant } from '../../http/fields.ts'
import { AmountMinor, minor, Reason, streamVersion, UserId } from '../contract.ts'

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

export const Account = Balance.extend({ userId: UserId }).meta({ id: 'Account' })
export type Account = z.infer<typeof Account>

export const BalanceThen = z.strictObject(money).meta({ id: 'BalanceThen' })
export type BalanceThen = z.infer<typeof BalanceThen>

export const At = z.strictObject({
  ts: instant,
  basis: z
    .enum(['recorded', 'effective'])
    .default('recorded')
    .meta({ description: 'Select events by when they were recorded, or by when they took effect' }),
})

export const StatementRange = {
  currency: Currency,
  from: instant.optional().meta({ description: 'Recorded at or after' }),
  to: instant.optional().meta({ description: 'Recorded before' }),
  order: z.enum(['desc', 'asc']).default('desc').meta({ description: 'Newest or oldest entries first' }),
}

export type StatementQuery = {
  userId: string
  currency: string
  from: string | null
  to: string | null
  limit: number
}

const place = { xid: z.string().regex(/^\d{1,19}$/), seq: z.string().regex(/^\d{1,18}$/) }

/**
 * A place between two entries with the account's balance there: the next page adds to it instead of summing anew. `ahead`
 * are the entries after it that were shown.
 */
export const StatementCursor = z.strictObject({
  ...place,
  balanceMinor: z.int(),
  reservedMinor: z.int(),
  ahead: z.array(z.int()),
})
export type StatementCursor = z.infer<typeof StatementCursor>

/** The same with the newest entries first: balance and reserved money below the place, or null while they may change. */
export const NewestCursor = z.strictObject({ ...place, sums: z.tuple([z.int(), z.int()]).nullable() })
export type NewestCursor = z.infer<typeof NewestCursor>

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

const noted = { userId: UserId, currency: Currency, reason: z.string() }
const Noted = z.strictObject(noted).meta({ id: 'AccountNotedData' })

const Quarantined = z
  .strictObject({
    ...noted,
    evidence: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'The differing values, if the invariants job found them' }),
  })
  .meta({ id: 'AccountQuarantinedData' })

const Overdrawn = z.strictObject({ userId: UserId, ...money }).meta({ id: 'AccountOverdrawnData' })

const Posted = z
  .strictObject({
    userId: UserId,
    currency: Currency,
    amountMinor: AmountMinor,
    cause: z.string().meta({ description: 'The bet, payment or transfer' }),
    streamVersion,
    occurredAt: shownInstant,
  })
  .meta({ id: 'BalancePostedData' })

const audience = ['tenant'] as const

export const accountWebhooks = {
  'account.quarantined': { audience, data: Quarantined },
  'account.cleared': { audience, data: Noted },
  'account.overdraft_allowed': { audience, data: Noted },
  'account.overdraft_forbidden': { audience, data: Noted },
  'account.overdrawn': { audience, data: Overdrawn },
  'balance.credited': { audience, data: Posted },
  'balance.debited': { audience, data: Posted },
  'balance.reserved': { audience, data: Posted },
  'balance.released': { audience, data: Posted },
}
