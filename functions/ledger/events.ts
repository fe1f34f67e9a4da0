import * as z from 'zod'
import type { balanceEventTypes, paymentEventTypes, systemEventTypes } from '../../schema/ledger/states.ts'
import { type betEventTypes } from '../../schema/ledger/states.ts'
import { Currency } from '../http/fields.ts'
import { type BetStatus, Odds, PayoutMinor, Selection } from './bets/contract.ts'
import { AmountMinor, Reason, UserId } from './contract.ts'
import { IncomingEvent, StoredEvent } from './journal/contract.ts'
import type { PaymentKind, PaymentStatus } from './payments/contract.ts'

/*
 * The schema of each event type. The version is part of the type's name, so an old event keeps its schema for ever.
 * A stream of bets or payments holds one bet or payment. A stream of balances holds the account changes of one cause (a
 * bet, payment or transfer) under the id of that cause; an account is the sum over streams.
 */

const nothing = z.strictObject({})
const because = z.strictObject({ reason: Reason.optional() })
const requested = z.strictObject({ userId: UserId, amountMinor: AmountMinor, currency: Currency })
const posted = z.strictObject({ userId: UserId, currency: Currency, amountMinor: AmountMinor })
const noted = z.strictObject({ userId: UserId, currency: Currency, reason: Reason })

type Schemas<Types extends readonly string[]> = Record<Types[number], z.ZodType>

export const betEvents = {
  V1_BETS_BET_PLACED: z.strictObject({
    userId: UserId,
    stakeMinor: AmountMinor,
    currency: Currency,
    odds: Odds,
    selection: Selection,
  }),
  V1_BETS_BET_ACCEPTED: nothing,
  V1_BETS_BET_REJECTED: because,
  V1_BETS_BET_WON: z.strictObject({ payoutMinor: PayoutMinor }),
  V1_BETS_BET_LOST: nothing,
  V1_BETS_BET_VOIDED: because,
  V1_BETS_BET_CANCELLED: because,
  V1_BETS_BET_CASHED_OUT: z.strictObject({ payoutMinor: PayoutMinor }),
} as const satisfies Schemas<typeof betEventTypes>

export const paymentEvents = {
  V1_PAYMENTS_DEPOSIT_REQUESTED: requested,
  V1_PAYMENTS_DEPOSIT_COMPLETED: nothing,
  V1_PAYMENTS_DEPOSIT_FAILED: because,
  V1_PAYMENTS_DEPOSIT_CHARGED_BACK: because,
  V1_PAYMENTS_WITHDRAWAL_REQUESTED: requested,
  V1_PAYMENTS_WITHDRAWAL_COMPLETED: nothing,
  V1_PAYMENTS_WITHDRAWAL_REJECTED: because,
} as const satisfies Schemas<typeof paymentEventTypes>

export const balanceEvents = {
  V1_BALANCES_BALANCE_CREDITED: posted,
  V1_BALANCES_BALANCE_DEBITED: posted,
  V1_BALANCES_BALANCE_RESERVED: posted,
  V1_BALANCES_BALANCE_RELEASED: posted,
} as const satisfies Schemas<typeof balanceEventTypes>

/** Decisions about accounts, by operators and by the invariants job. */
export const systemEvents = {
  V1_SYSTEM_ACCOUNT_QUARANTINED: noted.extend({ evidence: z.record(z.string(), z.unknown()).optional() }),
  V1_SYSTEM_ACCOUNT_CLEARED: noted,
  V1_SYSTEM_OVERDRAFT_ALLOWED: noted,
  V1_SYSTEM_OVERDRAFT_FORBIDDEN: noted,
} as const satisfies Schemas<typeof systemEventTypes>

export type EventOf<Schemas extends Record<string, z.ZodType>> = {
  [Type in keyof Schemas & string]: { type: Type; data: z.infer<Schemas[Type]> }
}[keyof Schemas & string]

export type BetEvent = EventOf<typeof betEvents>
export type PaymentEvent = EventOf<typeof paymentEvents>
export type BalanceEvent = EventOf<typeof balanceEvents>

export type SystemEvent = EventOf<typeof systemEvents>

export const schemas = { ...betEvents, ...paymentEvents, ...balanceEvents, ...systemEvents }

const typed = Object.entries(schemas).map(([type, data]) => ({
  type: z.literal(type),
  data: data.meta({ id: `${type}_DATA` }),
  appendable: !(type in systemEvents),
}))

const oneOf = (forms: z.ZodObject[], id: string) =>
  // A list of forms has no first element to the compiler; ours is never empty.
  z.discriminatedUnion('type', forms as [z.ZodObject, ...z.ZodObject[]]).meta({ id })

/** A stored event with the data of its type. */
export const DescribedEvent = oneOf(
  typed.map(({ type, data }) => StoredEvent.extend({ type, data }).meta({ id: type.value })),
  'LedgerEvent',
)

/** The batch as the contract describes it: each event has the data of its type. */
export const DescribedEvents = z
  .strictObject({
    events: z
      .array(
        oneOf(
          typed
            .filter(({ appendable }) => appendable)
            .map(({ type, data }) => IncomingEvent.extend({ type, data }).meta({ id: `NEW_${type.value}` })),
          'NewLedgerEvent',
        ),
      )
      .min(1)
      .max(10_000),
  })
  .meta({ id: 'NewLedgerEvents' })

/** The events of the stream, by the name of the event. */
export const streamedEvents = Object.fromEntries(Object.keys(schemas).map((type) => [type, DescribedEvent]))

export type Bet = {
  userId: string
  stakeMinor: number
  currency: string
  odds: string
  selection: string
  status: BetStatus
  payoutMinor: number | null
  version: number
}

export const betStatusAfter: Record<BetEvent['type'], BetStatus> = {
  V1_BETS_BET_PLACED: 'placed',
  V1_BETS_BET_ACCEPTED: 'accepted',
  V1_BETS_BET_REJECTED: 'rejected',
  V1_BETS_BET_WON: 'won',
  V1_BETS_BET_LOST: 'lost',
  V1_BETS_BET_VOIDED: 'voided',
  V1_BETS_BET_CANCELLED: 'cancelled',
  V1_BETS_BET_CASHED_OUT: 'cashed_out',
}

export function evolveBet(bet: Bet | null, event: BetEvent): Bet | null {
  const status = betStatusAfter[event.type]
  if (event.type === 'V1_BETS_BET_PLACED') return { ...event.data, status, payoutMinor: null, version: 1 }
  return bet && { ...bet, status, payoutMinor: payoutAfter(event), version: bet.version + 1 }
}

function payoutAfter(event: BetEvent): number | null {
  if ('payoutMinor' in event.data) return event.data.payoutMinor
  return event.type === 'V1_BETS_BET_LOST' ? 0 : null
}

export type Payment = {
  kind: PaymentKind
  userId: string
  amountMinor: number
  currency: string
  status: PaymentStatus
  version: number
}

export const paymentAfter: Record<PaymentEvent['type'], readonly [PaymentKind, PaymentStatus]> = {
  V1_PAYMENTS_DEPOSIT_REQUESTED: ['deposit', 'requested'],
  V1_PAYMENTS_DEPOSIT_COMPLETED: ['deposit', 'completed'],
  V1_PAYMENTS_DEPOSIT_FAILED: ['deposit', 'failed'],
  V1_PAYMENTS_DEPOSIT_CHARGED_BACK: ['deposit', 'charged_back'],
  V1_PAYMENTS_WITHDRAWAL_REQUESTED: ['withdrawal', 'requested'],
  V1_PAYMENTS_WITHDRAWAL_COMPLETED: ['withdrawal', 'completed'],
  V1_PAYMENTS_WITHDRAWAL_REJECTED: ['withdrawal', 'rejected'],
}

export function evolvePayment(payment: Payment | null, event: PaymentEvent): Payment | null {
  const [kind, status] = paymentAfter[event.type]
  if (isRequest(event)) return { ...event.data, kind, status, version: 1 }
  return payment && { ...payment, status, version: payment.version + 1 }
}

type Requested = Extract<PaymentEvent, { type: `${string}_REQUESTED` }>
const isRequest = (event: PaymentEvent): event is Requested => event.type.endsWith('_REQUESTED')

/** One user's money in one currency. Available is balance minus reserved. */
export type Account = {
  balanceMinor: number
  reservedMinor: number
  mayGoNegative: boolean
  quarantined: boolean
}

export const emptyAccount: Account = {
  balanceMinor: 0,
  reservedMinor: 0,
  mayGoNegative: false,
  quarantined: false,
}

const effects: Record<BalanceEvent['type'], { balance: number; reserved: number }> = {
  V1_BALANCES_BALANCE_CREDITED: { balance: 1, reserved: 0 },
  V1_BALANCES_BALANCE_DEBITED: { balance: -1, reserved: 0 },
  V1_BALANCES_BALANCE_RESERVED: { balance: 0, reserved: 1 },
  V1_BALANCES_BALANCE_RELEASED: { balance: 0, reserved: -1 },
}

export function evolveAccount(account: Account, { type, data }: BalanceEvent): Account {
  const { balance, reserved } = effects[type]
  return {
    ...account,
    balanceMinor: account.balanceMinor + balance * data.amountMinor,
    reservedMinor: account.reservedMinor + reserved * data.amountMinor,
  }
}

export const available = ({ balanceMinor, reservedMinor }: Account) => balanceMinor - reservedMinor

/** Debits and reservations: both need available money. */
export const takes = ({ type }: BalanceEvent) => effects[type].balance - effects[type].reserved < 0
