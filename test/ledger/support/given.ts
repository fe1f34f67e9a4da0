import type { BetStatus } from '../../../functions/ledger/bets/contract.ts'
import {
  type Account,
  type BalanceEvent,
  type Bet,
  emptyAccount,
  type Payment,
} from '../../../functions/ledger/events.ts'
import type { PaymentKind, PaymentStatus } from '../../../functions/ledger/payments/contract.ts'

export const user = { userId: 'u-1', currency: 'USD' }

export const account = (changes: Partial<Account> = {}): Account => ({ ...emptyAccount, ...changes })

export const bet = (status: BetStatus, changes: Partial<Bet> = {}): Bet => ({
  ...user,
  stakeMinor: 1_000,
  odds: '2.50',
  selection: 'home',
  status,
  payoutMinor: null,
  version: status === 'placed' ? 1 : 2,
  ...changes,
})

export const payment = (
  kind: PaymentKind,
  status: PaymentStatus,
  changes: Partial<Payment> = {},
): Payment => ({
  ...user,
  kind,
  amountMinor: 1_000,
  status,
  version: status === 'requested' ? 1 : 2,
  ...changes,
})

const posting = (type: BalanceEvent['type']) => (amountMinor: number) => ({
  type,
  data: { ...user, amountMinor },
})

export const credited = posting('V1_BALANCES_BALANCE_CREDITED')
export const debited = posting('V1_BALANCES_BALANCE_DEBITED')
export const reserved = posting('V1_BALANCES_BALANCE_RESERVED')
export const released = posting('V1_BALANCES_BALANCE_RELEASED')

/** A decision that refuses the command. */
export const refused = (code: string, more: object = {}) => ({ ok: false, refusal: { code, ...more } })
