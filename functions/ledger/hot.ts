import type { SQL } from 'drizzle-orm'
import { balancesStatement } from './accounts/read-balances.ts'
import { betsStatement } from './bets/list.ts'
import { placeStatement } from './bets/place.ts'
import { betStatement } from './bets/read.ts'
import { transitionStatement } from './bets/transition.ts'
import { appendStatement } from './journal/append.ts'
import type { By } from './journal/scope.ts'
import { transferStatement } from './transfers/transfer.ts'

const by: By = { principal: null, idempotency: null }
const bet = { userId: 'u', stakeMinor: 1, currency: 'USD', odds: '2', selection: 's' }

/** The statements that the migrations make functions from. Their values do not matter: each value is a parameter. */
export const hotStatements: SQL[] = [
  placeStatement(by, bet),
  transitionStatement(by, 'b', { do: 'accept' }),
  transitionStatement(by, 'b', { do: 'settle', outcome: 'won' }),
  transitionStatement(by, 'b', { do: 'settle', outcome: 'lost' }),
  transferStatement(by, { transfers: [], atomic: true }),
  appendStatement(by, []),
  betStatement('b'),
  // Other filters are sent as text: each is a function that every session would keep.
  betsStatement({ userId: 'u', status: null, before: null, limit: 50 }),
  betsStatement({ userId: null, status: 'placed', before: null, limit: 50 }),
  balancesStatement('u'),
]
