import * as z from 'zod'
import { instant, shownInstant } from '../http/fields.ts'

/** ISO 4217: how many decimals the minor unit of a currency stands for, where it is not two. */
const exponents: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const twoDecimals =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC ' +
  'CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
  'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD ' +
  'NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN ' +
  'SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG'

const exponentByCode = new Map<string, number>([
  ...twoDecimals.split(' ').map((code) => [code, 2] as const),
  ...Object.entries(exponents).flatMap(([decimals, codes]) =>
    codes.split(' ').map((code) => [code, Number(decimals)] as const),
  ),
])

export const currencies: readonly { code: string; exponent: number }[] = [...exponentByCode]
  .map(([code, exponent]) => ({ code, exponent }))
  .sort((a, b) => (a.code < b.code ? -1 : 1))

export function exponentOf(code: string): number {
  return exponentByCode.get(code) ?? 2
}

/** The largest amount a JSON number carries exactly, 2^53 - 1. */
export const maxMinor = Number.MAX_SAFE_INTEGER

/** Minor units, always positive: the direction is the event's or the command's, never a sign. */
export const AmountMinor = z
  .int()
  .min(1)
  .meta({ description: 'Minor units of the currency: cents for USD, yen for JPY', example: 1000 })

/** A payout may be nothing. */
export const PayoutMinor = z.int().min(0).meta({ description: 'Minor units', example: 2500 })

const codes = z.enum(
  currencies.map(({ code }) => code),
  'Must be a currency of ISO 4217, as in "USD"',
)
export const Currency = codes.meta({ id: 'CurrencyCode', description: 'ISO 4217', example: 'USD' })

/** Exact decimals travel as strings: a float would already be another number. */
export const Odds = z
  .string()
  .regex(/^[1-9]\d{0,5}(\.\d{1,8})?$/, 'Must be a decimal of at least 1, with at most 8 places, as in "2.50"')
  .meta({ description: 'Decimal odds, exact', example: '2.50' })

/** Ids that callers choose: users, and streams of the raw append. */
const callersId = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:@+-]{0,127}$/, 'Letters, digits and . _ : @ + -, at most 128')

export const UserId = callersId.meta({ description: 'The tenant’s own id of a user', example: 'u-1' })
const AggregateId = callersId.meta({ description: 'The stream: a bet, a payment, a transfer' })

export const Selection = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ description: 'What was bet on', example: 'home' })
export const Reason = z.string().trim().min(1).max(500)

export const betStatuses = [
  'placed',
  'accepted',
  'rejected',
  'won',
  'lost',
  'voided',
  'cancelled',
  'cashed_out',
] as const
export type BetStatus = (typeof betStatuses)[number]

export const paymentKinds = ['deposit', 'withdrawal'] as const
export type PaymentKind = (typeof paymentKinds)[number]

export const paymentStatuses = ['requested', 'completed', 'failed', 'rejected', 'charged_back'] as const
export type PaymentStatus = (typeof paymentStatuses)[number]

export const BetStatus = z.enum(betStatuses)
export const PaymentStatus = z.enum(paymentStatuses)

const minor = z.int().meta({ description: 'Minor units' })
const streamVersion = z.int().min(1)
const expectedVersion = z
  .int32()
  .min(1)
  .optional()
  .meta({ description: 'Refused as version_conflict unless the stream stands there' })

export const IdPath = z.strictObject({ id: AggregateId })
export const UserPath = z.strictObject({ userId: UserId })
export const AccountPath = z.strictObject({ userId: UserId, currency: codes })

// Bets

export const NewBet = z
  .strictObject({
    userId: UserId,
    stakeMinor: AmountMinor,
    currency: Currency,
    odds: Odds,
    selection: Selection,
    occurredAt: instant.optional(),
  })
  .meta({ id: 'NewBet' })
export type NewBet = z.infer<typeof NewBet>

/** What a bare step takes; nothing at all is as good as an empty object. */
export const Step = z.strictObject({ expectedVersion }).optional().meta({ id: 'LedgerStep' })
export const StepBecause = z
  .strictObject({ expectedVersion, reason: Reason.optional() })
  .optional()
  .meta({ id: 'LedgerStepBecause' })

export const Settlement = z
  .strictObject({
    outcome: z.enum(['won', 'lost']),
    payoutMinor: PayoutMinor.optional().meta({ description: 'Of a won bet; stake times odds without it' }),
    expectedVersion,
  })
  .refine(({ outcome, payoutMinor }) => outcome === 'won' || payoutMinor === undefined, {
    message: 'A lost bet pays nothing',
    path: ['payoutMinor'],
  })
  .meta({ id: 'Settlement' })

export const CashOut = z.strictObject({ payoutMinor: PayoutMinor, expectedVersion }).meta({ id: 'CashOut' })

export const Bet = z
  .strictObject({
    id: z.string(),
    userId: z.string(),
    stakeMinor: minor,
    currency: z.string(),
    odds: z.string(),
    selection: z.string(),
    status: BetStatus,
    payoutMinor: minor.nullable(),
    placedAt: shownInstant,
    settledAt: shownInstant.nullable(),
    streamVersion,
  })
  .meta({ id: 'Bet' })
export type Bet = z.infer<typeof Bet>

export const BetFilter = { userId: UserId.optional(), status: BetStatus.optional() }

// Payments

export const NewPayment = z
  .strictObject({
    userId: UserId,
    amountMinor: AmountMinor,
    currency: Currency,
    occurredAt: instant.optional(),
  })
  .meta({ id: 'NewPayment' })
export type NewPayment = z.infer<typeof NewPayment>

export const Payment = z
  .strictObject({
    id: z.string(),
    kind: z.enum(paymentKinds),
    userId: z.string(),
    amountMinor: minor,
    currency: z.string(),
    status: PaymentStatus,
    requestedAt: shownInstant,
    settledAt: shownInstant.nullable(),
    streamVersion,
  })
  .meta({ id: 'Payment' })
export type Payment = z.infer<typeof Payment>

export const PaymentFilter = {
  userId: UserId.optional(),
  kind: z.enum(paymentKinds).optional(),
  status: PaymentStatus.optional(),
}

// Accounts

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
    .meta({ description: 'By when an event was written down, or by when it happened' }),
})

export const StatementRange = { currency: Currency, from: instant.optional(), to: instant.optional() }

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

// Transfers

export const Transfer = z
  .strictObject({
    fromUserId: UserId,
    toUserId: UserId,
    amountMinor: AmountMinor,
    currency: Currency,
    idempotencyKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/)
      .optional(),
  })
  .refine(({ fromUserId, toUserId }) => fromUserId !== toUserId, {
    message: 'Must be another user',
    path: ['toUserId'],
  })
  .meta({ id: 'Transfer' })
export type Transfer = z.infer<typeof Transfer>

export const TransferBatch = z
  .strictObject({
    atomic: z.boolean().default(false).meta({ description: 'All of them, or none' }),
    transfers: z.array(Transfer).min(1).max(1_000),
  })
  .meta({ id: 'TransferBatch' })

const TransferResult = z
  .strictObject({
    status: z.enum(['accepted', 'rejected', 'duplicate']),
    id: z.string().optional(),
    code: z.string().optional(),
    availableMinor: minor.optional(),
  })
  .meta({ id: 'TransferResult' })

export const TransferResults = z
  .strictObject({
    accepted: z.int(),
    rejected: z.int(),
    results: z.array(TransferResult).meta({ description: 'One for each transfer, in order' }),
  })
  .meta({ id: 'TransferResults' })
export type TransferResults = z.infer<typeof TransferResults>

// Events

export const betEventTypes = [
  'V1_BETS_BET_PLACED',
  'V1_BETS_BET_ACCEPTED',
  'V1_BETS_BET_REJECTED',
  'V1_BETS_BET_WON',
  'V1_BETS_BET_LOST',
  'V1_BETS_BET_VOIDED',
  'V1_BETS_BET_CANCELLED',
  'V1_BETS_BET_CASHED_OUT',
] as const

export const paymentEventTypes = [
  'V1_PAYMENTS_DEPOSIT_REQUESTED',
  'V1_PAYMENTS_DEPOSIT_COMPLETED',
  'V1_PAYMENTS_DEPOSIT_FAILED',
  'V1_PAYMENTS_DEPOSIT_CHARGED_BACK',
  'V1_PAYMENTS_WITHDRAWAL_REQUESTED',
  'V1_PAYMENTS_WITHDRAWAL_COMPLETED',
  'V1_PAYMENTS_WITHDRAWAL_REJECTED',
] as const

export const balanceEventTypes = [
  'V1_BALANCES_BALANCE_CREDITED',
  'V1_BALANCES_BALANCE_DEBITED',
  'V1_BALANCES_BALANCE_RESERVED',
  'V1_BALANCES_BALANCE_RELEASED',
] as const

export const systemEventTypes = [
  'V1_SYSTEM_ACCOUNT_QUARANTINED',
  'V1_SYSTEM_ACCOUNT_CLEARED',
  'V1_SYSTEM_OVERDRAFT_ALLOWED',
  'V1_SYSTEM_OVERDRAFT_FORBIDDEN',
] as const

const appendable = [...betEventTypes, ...paymentEventTypes, ...balanceEventTypes] as const
const LedgerEventType = z
  .enum([...appendable, ...systemEventTypes])
  .meta({ id: 'LedgerEventType', description: 'Begins with the version of its schema' })
export type LedgerEventType = z.infer<typeof LedgerEventType>

/** The data of each type is checked by the schema of its type and version. */
export const IncomingEvent = z
  .strictObject({
    aggregateId: AggregateId,
    type: z.enum(appendable, 'Not a type of event that can be appended'),
    data: z.record(z.string(), z.unknown()),
    idempotencyKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/)
      .optional(),
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
    cursor: z.string().meta({ description: 'Go on after this event with it' }),
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
    .meta({ description: 'A cursor; the beginning without one' }),
  type: LedgerEventType.optional(),
}

// Aggregates

/** A number while a JSON number carries it exactly, its digits beyond. */
const sum = z.union([z.int(), z.string().regex(/^-?\d+$/)]).meta({ description: 'Minor units' })

function aged<Row extends z.ZodType>(row: Row) {
  return z.strictObject({
    asOf: shownInstant
      .nullable()
      .meta({ description: 'When its newest source was read; null before the first time' }),
    stale: z.boolean(),
    data: z.array(row),
  })
}

const summed = { stakeMinor: sum, payoutMinor: sum, depositedMinor: sum, withdrawnMinor: sum }

export const Summary = aged(
  z.strictObject({
    currency: z.string(),
    bets: z.int(),
    openBets: z.int(),
    deposits: z.int(),
    withdrawals: z.int(),
    ...summed,
  }),
).meta({ id: 'LedgerSummary' })

export const TopBets = aged(
  z.strictObject({
    rank: z.int(),
    id: z.string(),
    userId: z.string(),
    stakeMinor: minor,
    currency: z.string(),
    odds: z.string(),
    selection: z.string(),
    status: BetStatus,
    payoutMinor: minor.nullable(),
    placedAt: shownInstant,
  }),
).meta({ id: 'TopBets' })

export const Activity = aged(
  z.strictObject({ currency: z.string(), bets: z.int(), ...summed, lastSeenAt: shownInstant.nullable() }),
).meta({ id: 'UserActivity' })

export type Aged<Row = unknown> = { asOf: string | null; stale: boolean; data: Row[] }

export const Alert = z
  .strictObject({
    id: z.int(),
    kind: z.enum(['balance', 'hold', 'bet', 'payment', 'negative']),
    subject: z.string(),
    evidence: z.record(z.string(), z.unknown()),
    raisedAt: shownInstant,
    seenAt: shownInstant,
    resolvedAt: shownInstant.nullable(),
  })
  .meta({ id: 'LedgerAlert' })
export type Alert = z.infer<typeof Alert>

export const CurrencyInfo = z.strictObject({ code: z.string(), exponent: z.int() }).meta({ id: 'Currency' })

// Views

const ViewName = z.enum(['bets_view', 'payments_view', 'user_balances_view'])
export type ViewName = z.infer<typeof ViewName>
export const ViewPath = z.strictObject({ view: ViewName })

const row = z.record(z.string(), z.unknown())

export const ViewDifference = z
  .strictObject({ key: row, expected: row.nullable(), actual: row.nullable() })
  .meta({ id: 'ViewDifference' })

export const RebuiltView = z
  .strictObject({
    rowsBefore: z.int(),
    rowsAfter: z.int(),
    checksumBefore: z.string(),
    checksumAfter: z.string(),
    mended: z.int(),
    differing: z.array(row).meta({ description: 'Keys of rows that were mended, at most 100' }),
  })
  .meta({ id: 'RebuiltView' })
