/** The largest amount that a JSON number carries exactly, 2^53 - 1. */
export const maxMinor = Number.MAX_SAFE_INTEGER

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

export const paymentKinds = ['deposit', 'withdrawal'] as const

export const paymentStatuses = ['requested', 'completed', 'failed', 'rejected', 'charged_back'] as const

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

/** The sign with which an event's amount changes the account. */
export const balanceEffects = {
  V1_BALANCES_BALANCE_CREDITED: { balance: 1, reserved: 0 },
  V1_BALANCES_BALANCE_DEBITED: { balance: -1, reserved: 0 },
  V1_BALANCES_BALANCE_RESERVED: { balance: 0, reserved: 1 },
  V1_BALANCES_BALANCE_RELEASED: { balance: 0, reserved: -1 },
} as const satisfies Record<(typeof balanceEventTypes)[number], { balance: number; reserved: number }>

/** Decisions about an account, by people and by the job that checks the invariants. */
export const systemEventTypes = [
  'V1_SYSTEM_ACCOUNT_QUARANTINED',
  'V1_SYSTEM_ACCOUNT_CLEARED',
  'V1_SYSTEM_OVERDRAFT_ALLOWED',
  'V1_SYSTEM_OVERDRAFT_FORBIDDEN',
] as const

export const alertKinds = ['balance', 'hold', 'bet', 'payment', 'negative'] as const
