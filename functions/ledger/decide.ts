import type { BetStatus } from './bets/contract.ts'
import { maxMinor } from './contract.ts'
import {
  type Account,
  available,
  type BalanceEvent,
  type Bet,
  type BetEvent,
  betStatusAfter,
  evolveAccount,
  type Payment,
  type PaymentEvent,
  paymentAfter,
  takes,
} from './events.ts'
import type { PaymentKind, PaymentStatus } from './payments/contract.ts'

/*
 * The events that follow from a command, or the reason for its refusal. This is the specification: Postgres decides the
 * same under the lock, and a property test compares the two.
 */

type Expecting = { expectedVersion?: number | undefined }
type Because = { reason?: string | undefined }

export type PlaceBet = {
  userId: string
  stakeMinor: number
  currency: string
  odds: string
  selection: string
}

export type TransitionBet = Expecting &
  (
    | { do: 'accept' }
    | ({ do: 'reject' | 'void' | 'cancel' } & Because)
    | { do: 'settle'; outcome: 'lost' }
    | { do: 'settle'; outcome: 'won'; payoutMinor?: number | undefined }
    | { do: 'cash-out'; payoutMinor: number }
  )

export type RequestPayment = { kind: PaymentKind; userId: string; amountMinor: number; currency: string }

export type TransitionPayment = Expecting &
  ({ do: 'complete' } | ({ do: 'fail' | 'reject' | 'charge-back' } & Because))

export type Refusal =
  | { code: 'not_found' }
  | { code: 'version_conflict'; current: number }
  | { code: 'illegal_transition'; from: string; to: string }
  | { code: 'insufficient_funds'; availableMinor: number }
  | { code: 'quarantined' }
  | { code: 'amount_out_of_range' }

/** `events` continue the stream of the bet or payment; `postings` change the account. */
export type Decision<Event> =
  | { ok: true; events: Event[]; postings: BalanceEvent[] }
  | { ok: false; refusal: Refusal }

export function decidePlace(account: Account, bet: PlaceBet): Decision<BetEvent> {
  if (payoutOf(bet.stakeMinor, bet.odds) > maxMinor) return refused({ code: 'amount_out_of_range' })
  return posted(account, { type: 'V1_BETS_BET_PLACED', data: bet }, [reserve(bet, bet.stakeMinor)])
}

const betTransitions: Partial<Record<BetStatus, readonly BetStatus[]>> = {
  placed: ['accepted', 'rejected', 'voided', 'cancelled'],
  accepted: ['won', 'lost', 'voided', 'cancelled', 'cashed_out'],
}

export function decideBet(bet: Bet | null, account: Account, command: TransitionBet): Decision<BetEvent> {
  if (bet === null) return refused({ code: 'not_found' })
  const event = betEvent(bet, command)
  const to = betStatusAfter[event.type]
  const legal = betTransitions[bet.status]?.includes(to) ?? false
  const refusal = conflict(bet, command) ?? (legal ? null : illegal(bet.status, to))
  return refusal ? refused(refusal) : posted(account, event, betPostings(bet, event))
}

const betEndings = {
  accept: 'V1_BETS_BET_ACCEPTED',
  reject: 'V1_BETS_BET_REJECTED',
  void: 'V1_BETS_BET_VOIDED',
  cancel: 'V1_BETS_BET_CANCELLED',
  'cash-out': 'V1_BETS_BET_CASHED_OUT',
} as const

export function betEventType(command: TransitionBet): Exclude<BetEvent['type'], 'V1_BETS_BET_PLACED'> {
  if (command.do !== 'settle') return betEndings[command.do]
  return command.outcome === 'won' ? 'V1_BETS_BET_WON' : 'V1_BETS_BET_LOST'
}

function betEvent(bet: Bet, command: TransitionBet): BetEvent {
  const type = betEventType(command)
  if (type === 'V1_BETS_BET_ACCEPTED' || type === 'V1_BETS_BET_LOST') return { type, data: {} }
  if (type !== 'V1_BETS_BET_WON' && type !== 'V1_BETS_BET_CASHED_OUT') return { type, data: why(command) }
  const given = 'payoutMinor' in command ? command.payoutMinor : undefined
  return { type, data: { payoutMinor: given ?? Number(payoutOf(bet.stakeMinor, bet.odds)) } }
}

/** The stake is reserved while the bet is open. Every ending releases the stake and posts the result. */
function betPostings(bet: Bet, event: BetEvent): BalanceEvent[] {
  if (event.type === 'V1_BETS_BET_ACCEPTED') return []
  return [release(bet, bet.stakeMinor), ...settle(bet, returned(bet, event) - bet.stakeMinor)]
}

function returned(bet: Bet, event: BetEvent): number {
  if ('payoutMinor' in event.data) return event.data.payoutMinor
  return event.type === 'V1_BETS_BET_LOST' ? 0 : bet.stakeMinor
}

export function decideRequest(account: Account, { kind, ...data }: RequestPayment): Decision<PaymentEvent> {
  if (kind === 'deposit') return posted(account, { type: 'V1_PAYMENTS_DEPOSIT_REQUESTED', data }, [])
  return posted(account, { type: 'V1_PAYMENTS_WITHDRAWAL_REQUESTED', data }, [
    reserve(data, data.amountMinor),
  ])
}

const paymentTransitions: Record<PaymentKind, Partial<Record<PaymentStatus, readonly PaymentStatus[]>>> = {
  deposit: { requested: ['completed', 'failed'], completed: ['charged_back'] },
  withdrawal: { requested: ['completed', 'rejected'] },
}

export const paymentGoals = {
  complete: 'completed',
  fail: 'failed',
  reject: 'rejected',
  'charge-back': 'charged_back',
} as const

export function decidePayment(
  payment: Payment | null,
  account: Account,
  command: TransitionPayment,
): Decision<PaymentEvent> {
  if (payment === null) return refused({ code: 'not_found' })
  const { kind, status } = payment
  const to = paymentGoals[command.do]
  const legal = paymentTransitions[kind][status]?.includes(to) ?? false
  const refusal = conflict(payment, command) ?? (legal ? null : illegal(status, to))
  if (refusal) return refused(refusal)
  const event = paymentEvent(kind, command)
  return posted(account, event, paymentPostings(payment, event), {
    mayGoNegative: command.do === 'charge-back' && account.mayGoNegative,
  })
}

const paymentEndings = {
  fail: 'V1_PAYMENTS_DEPOSIT_FAILED',
  reject: 'V1_PAYMENTS_WITHDRAWAL_REJECTED',
  'charge-back': 'V1_PAYMENTS_DEPOSIT_CHARGED_BACK',
} as const

function paymentEvent(kind: PaymentKind, command: TransitionPayment): PaymentEvent {
  if (command.do !== 'complete') return { type: paymentEndings[command.do], data: why(command) }
  const type = kind === 'deposit' ? 'V1_PAYMENTS_DEPOSIT_COMPLETED' : 'V1_PAYMENTS_WITHDRAWAL_COMPLETED'
  return { type, data: {} }
}

/** A withdrawal's amount is reserved until it ends. A deposit moves money only when it completes. */
function paymentPostings(payment: Payment, event: PaymentEvent): BalanceEvent[] {
  const [kind, status] = paymentAfter[event.type]
  const freed = kind === 'withdrawal' ? [release(payment, payment.amountMinor)] : []
  const gained = kind === 'deposit' ? payment.amountMinor : -payment.amountMinor
  const moved = { completed: gained, charged_back: -gained, requested: 0, failed: 0, rejected: 0 }[status]
  return [...freed, ...settle(payment, moved)]
}

type Owner = { userId: string; currency: string }

const reserve = (owner: Owner, minor: number) => posting('V1_BALANCES_BALANCE_RESERVED', owner, minor)
const release = (owner: Owner, minor: number) => posting('V1_BALANCES_BALANCE_RELEASED', owner, minor)

function settle(owner: Owner, minor: number): BalanceEvent[] {
  if (minor === 0) return []
  const type = minor > 0 ? 'V1_BALANCES_BALANCE_CREDITED' : 'V1_BALANCES_BALANCE_DEBITED'
  return [posting(type, owner, Math.abs(minor))]
}

function posting(type: BalanceEvent['type'], { userId, currency }: Owner, amountMinor: number): BalanceEvent {
  return { type, data: { userId, currency, amountMinor } }
}

/**
 * Every version of the account must be valid, not only the last one. Available money may not fall below zero, unless the
 * account was already below zero and the command does not lower it further.
 */
function posted<Event>(
  account: Account,
  event: Event,
  postings: BalanceEvent[],
  { mayGoNegative = false } = {},
): Decision<Event> {
  if (account.quarantined && postings.some(takes)) return refused({ code: 'quarantined' })
  const floor = Math.min(0, available(account))
  let now = account
  for (const one of postings) {
    const next = evolveAccount(now, one)
    if (available(next) < floor && !mayGoNegative)
      return refused({ code: 'insufficient_funds', availableMinor: available(now) })
    if (Math.abs(next.balanceMinor) > maxMinor) return refused({ code: 'amount_out_of_range' })
    now = next
  }
  return { ok: true, events: [event], postings }
}

/** Stake times odds in whole minor units, rounded half to even, without floats. */
export function payoutOf(stakeMinor: number, odds: string): bigint {
  const [whole = '', places = ''] = odds.split('.')
  const unit = 10n ** BigInt(places.length)
  const exact = BigInt(stakeMinor) * BigInt(whole + places)
  const [down, rest] = [exact / unit, exact % unit]
  const up = rest * 2n > unit || (rest * 2n === unit && down % 2n === 1n)
  return up ? down + 1n : down
}

function conflict(
  { version }: { version: number },
  { expectedVersion = version }: Expecting,
): Refusal | null {
  return expectedVersion === version ? null : { code: 'version_conflict', current: version }
}

const illegal = (from: string, to: string): Refusal => ({ code: 'illegal_transition', from, to })
const why = (command: object): Because =>
  'reason' in command && typeof command.reason === 'string' ? { reason: command.reason } : {}
const refused = (refusal: Refusal): { ok: false; refusal: Refusal } => ({ ok: false, refusal })
