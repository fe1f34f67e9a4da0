import { streamView } from './incremental.ts'
import { type Declared, sqlFunction } from './triggers.ts'

/** What each event leads to. */
const betStates = {
  V1_BETS_BET_PLACED: 'placed',
  V1_BETS_BET_ACCEPTED: 'accepted',
  V1_BETS_BET_REJECTED: 'rejected',
  V1_BETS_BET_WON: 'won',
  V1_BETS_BET_LOST: 'lost',
  V1_BETS_BET_VOIDED: 'voided',
  V1_BETS_BET_CANCELLED: 'cancelled',
  V1_BETS_BET_CASHED_OUT: 'cashed_out',
}

const paymentStates = {
  V1_PAYMENTS_DEPOSIT_REQUESTED: 'deposit requested',
  V1_PAYMENTS_DEPOSIT_COMPLETED: 'deposit completed',
  V1_PAYMENTS_DEPOSIT_FAILED: 'deposit failed',
  V1_PAYMENTS_DEPOSIT_CHARGED_BACK: 'deposit charged_back',
  V1_PAYMENTS_WITHDRAWAL_REQUESTED: 'withdrawal requested',
  V1_PAYMENTS_WITHDRAWAL_COMPLETED: 'withdrawal completed',
  V1_PAYMENTS_WITHDRAWAL_REJECTED: 'withdrawal rejected',
}

export const ledgerStreamsDeclared: Declared[] = [
  sqlFunction({
    name: 'ledger.bet_state(text)',
    beforeTables: true,
    create: `
create or replace function ledger.bet_state(event_type text) returns text
language sql immutable parallel safe
return ${mapped('event_type', betStates)}`,
  }),
  sqlFunction({
    name: 'ledger.bet_may_become(text, text)',
    beforeTables: true,
    create: `
create or replace function ledger.bet_may_become(was text, becomes text) returns boolean
language sql immutable parallel safe
return case
  when was is null then becomes = 'placed'
  when was = 'placed' then becomes in ('accepted', 'rejected', 'voided', 'cancelled')
  when was = 'accepted' then becomes in ('won', 'lost', 'voided', 'cancelled', 'cashed_out')
  else false
end`,
  }),
  ...streamView({
    view: 'ledger.bets_view',
    events: 'ledger.bet_events',
    scope: 'tenant_id',
    key: 'bet_id',
    states: { after: 'ledger.bet_state', mayBecome: 'ledger.bet_may_become', was: 'prior.status' },
    born: {
      user_id: { sql: "born ->> 'userId'", absent: "''" },
      amount_minor: { sql: "(born ->> 'stakeMinor')::bigint", absent: '0' },
      currency: { sql: "born ->> 'currency'", absent: "''" },
      odds: { sql: "(born ->> 'odds')::numeric", absent: '0' },
      selection: { sql: "born ->> 'selection'", absent: "''" },
      placed_at: { sql: 'born_at', absent: "'epoch'" },
    },
    latest: {
      status: 'state',
      payout_minor: "case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end",
      settled_at: "case when state not in ('placed', 'accepted') then latest_at end",
    },
  }),

  sqlFunction({
    name: 'ledger.payment_state(text)',
    beforeTables: true,
    create: `
create or replace function ledger.payment_state(event_type text) returns text
language sql immutable parallel safe
return ${mapped('event_type', paymentStates)}`,
  }),
  sqlFunction({
    name: 'ledger.payment_may_become(text, text)',
    beforeTables: true,
    create: `
create or replace function ledger.payment_may_become(was text, becomes text) returns boolean
language sql immutable parallel safe
return case
  when was is null then becomes in ('deposit requested', 'withdrawal requested')
  when was = 'deposit requested' then becomes in ('deposit completed', 'deposit failed')
  when was = 'deposit completed' then becomes = 'deposit charged_back'
  when was = 'withdrawal requested' then becomes in ('withdrawal completed', 'withdrawal rejected')
  else false
end`,
  }),
  ...streamView({
    view: 'ledger.payments_view',
    events: 'ledger.payment_events',
    scope: 'tenant_id',
    key: 'payment_id',
    states: {
      after: 'ledger.payment_state',
      mayBecome: 'ledger.payment_may_become',
      was: "prior.kind || ' ' || prior.status",
    },
    born: {
      kind: { sql: "split_part(state, ' ', 1)", absent: "''" },
      user_id: { sql: "born ->> 'userId'", absent: "''" },
      amount_minor: { sql: "(born ->> 'amountMinor')::bigint", absent: '0' },
      currency: { sql: "born ->> 'currency'", absent: "''" },
      requested_at: { sql: 'born_at', absent: "'epoch'" },
    },
    latest: {
      status: "split_part(state, ' ', 2)",
      settled_at: "case when state not like '% requested' then latest_at end",
    },
  }),
]

function mapped(from: string, pairs: Record<string, string>): string {
  const whens = Object.entries(pairs).map(([key, value]) => `  when '${key}' then '${value}'`)
  return [`case ${from}`, ...whens, 'end'].join('\n')
}
