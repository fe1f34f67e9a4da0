import { type Declared, grants, policy, rowSecurity, sqlIndex, storage, trigger } from '../kit/declare.ts'
import { filesOf } from '../kit/files.ts'
import { incrementalView, streamView } from '../kit/incremental.ts'
import { rulesOf } from '../kit/rules.ts'
import {
  balanceEventRules,
  betEventRules,
  paymentEventRules,
  systemEventRules,
  userBalanceRules,
} from './rules.ts'

const { createdIn, functionFile, materializedViewFile, queryIn, viewFile } = filesOf(import.meta.dirname)

const eventTables = ['bet_events', 'payment_events', 'balance_events', 'system_events']
const viewTables = ['bets_view', 'payments_view', 'user_balances_view', 'balance_deltas']
const checkTables = ['alerts', 'invariant_checks']

const tenant = "nullif(current_setting('app.tenant_id', true), '')::bigint"

export const declared: Declared[] = [
  ...rulesOf('ledger.bet_events', betEventRules),
  ...rulesOf('ledger.payment_events', paymentEventRules),
  ...rulesOf('ledger.balance_events', balanceEventRules),
  ...rulesOf('ledger.system_events', systemEventRules),
  ...rulesOf('ledger.user_balances_view', userBalanceRules),

  viewFile('ledger.user_balances'),
  grants({ on: 'table ledger.user_balances', to: 'lockstep_app', privileges: ['select'] }),

  viewFile('ledger.account_changes'),
  functionFile('ledger.create_accounts(ledger.account_changes[])'),
  functionFile('ledger.take_accounts(ledger.account_changes[])'),
  functionFile('ledger.drop_untouched(ledger.account_changes[])'),
  functionFile('ledger.fold_deltas(ledger.account_changes[])'),
  functionFile('ledger.change_accounts(ledger.account_changes[])'),

  ...incrementalView({
    view: 'ledger.user_balances_view',
    events: 'ledger.balance_events',
    scope: 'tenant_id',
    key: { user_id: 'user_id', currency: 'currency' },
    reads: 'ledger.user_balances',
    columns: ['balance_minor', 'reserved_minor', 'may_go_negative', 'quarantined_at', 'last_seq'],
    additive: ['balance_minor', 'reserved_minor'],
    fold: queryIn('fold_user_balances_view.sql'),
    apply: createdIn('ledger.apply_user_balances_view()'),
  }),

  functionFile('ledger.apply_notices()'),
  trigger({
    name: 'apply_notices',
    table: 'ledger.system_events',
    fires: 'after insert',
    referencing: 'new table as arrived',
    forEach: 'statement',
    execute: 'ledger.apply_notices()',
  }),

  functionFile('ledger.emit_overdrawn()'),
  trigger({
    name: 'emit_overdrawn',
    table: 'ledger.user_balances_view',
    fires: 'after update',
    forEach: 'row',
    when: 'new.available_minor < 0 and old.available_minor >= 0',
    execute: 'ledger.emit_overdrawn()',
  }),

  materializedViewFile('ledger.tenants_summary_view', { unique: ['tenant_id', 'currency'] }),
  viewFile('ledger.tenants_summary'),
  grants({ on: 'table ledger.tenants_summary', to: 'lockstep_app', privileges: ['select'] }),
  materializedViewFile('ledger.user_activity_view', { unique: ['tenant_id', 'user_id', 'currency'] }),
  viewFile('ledger.user_activity'),
  grants({ on: 'table ledger.user_activity', to: 'lockstep_app', privileges: ['select'] }),
  materializedViewFile('ledger.top_bets_today', { unique: ['tenant_id', 'bet_id'] }),
  viewFile('ledger.top_bets'),
  grants({ on: 'table ledger.top_bets', to: 'lockstep_app', privileges: ['select'] }),
  functionFile('ledger.refresh_aggregate_views()', { executeBy: 'lockstep_app' }),
  viewFile('ledger.events'),
  grants({ on: 'table ledger.events', to: 'lockstep_app', privileges: ['select'] }),

  functionFile('ledger.payout_of(bigint, numeric)'),
  functionFile('ledger.refusal(text, text, jsonb)'),
  viewFile('ledger.incoming_events'),
  functionFile('ledger.find_wrong_hold(text[])'),
  functionFile('ledger.emit_appended(ledger.incoming_events[])'),
  functionFile('ledger.append_events(jsonb, text)'),
  functionFile('ledger.transfer(jsonb, boolean, text)'),
  functionFile('ledger.bet_state(text)', { beforeTables: true }),
  functionFile('ledger.bet_may_become(text, text)', { beforeTables: true }),
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

  functionFile('ledger.payment_state(text)', { beforeTables: true }),
  functionFile('ledger.payment_may_become(text, text)', { beforeTables: true }),
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

  functionFile('ledger.fold_waiting(integer)', { executeBy: 'lockstep_app' }),
  functionFile('ledger.find_differences(bigint, integer)'),
  functionFile('ledger.next_tenant(bigint)'),
  functionFile('ledger.check_invariants(integer)', { executeBy: 'lockstep_app' }),
  functionFile('ledger.count_open_alerts()', { executeBy: 'lockstep_app' }),
  functionFile('ledger.show_open_alerts(integer)', { executeBy: 'lockstep_app' }),
  functionFile('ledger.show_view_checks(integer)', { executeBy: 'lockstep_app' }),
  functionFile('ledger.count_waiting(integer)', { executeBy: 'lockstep_app' }),

  grants({ on: 'schema ledger', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'sequence ledger.event_seq', to: 'lockstep_app', privileges: ['usage'] }),
  ...eventTables.map((table) =>
    grants({ on: `table ledger.${table}`, to: 'lockstep_app', privileges: ['select', 'insert'] }),
  ),
  ...viewTables.map((table) =>
    grants({
      on: `table ledger.${table}`,
      to: 'lockstep_app',
      privileges: ['select', 'insert', 'update', 'delete'],
    }),
  ),
  grants({ on: 'table ledger.alerts', to: 'lockstep_app', privileges: ['select', 'update'] }),
  ...[...eventTables, ...viewTables, ...checkTables].flatMap((table) => [
    rowSecurity({ table: `ledger.${table}` }),
    policy({
      name: 'of_tenant',
      table: `ledger.${table}`,
      to: 'lockstep_app',
      using: `tenant_id = ${tenant}`,
    }),
  ]),

  functionFile('ledger.tenant()', { beforeTables: true }),

  storage({ table: 'ledger.bets_view', with: { fillfactor: 80 } }),
  storage({ table: 'ledger.payments_view', with: { fillfactor: 80 } }),
  storage({ table: 'ledger.user_balances_view', with: { fillfactor: 50 } }),

  ...eventTables.map((table) =>
    sqlIndex({
      name: `idx_${table}_feed`,
      table: `ledger.${table}`,
      columns: ['tenant_id', 'xid', 'seq'],
      serves: 'GET /v1/ledger/events after a cursor, and its stream',
    }),
  ),
  ...eventTables.map((table) =>
    sqlIndex({
      name: `idx_${table}_key`,
      table: `ledger.${table}`,
      unique: true,
      columns: ['tenant_id', 'idempotency_key'],
      where: 'idempotency_key is not null',
      serves: 'one effect a key, for ever',
    }),
  ),
  sqlIndex({
    name: 'idx_balance_events_account',
    table: 'ledger.balance_events',
    columns: ['tenant_id', 'user_id', 'currency', 'xid', 'seq'],
    serves: 'GET /v1/ledger/users/{userId}/statement and …/balances/at; the fold of an account',
  }),
  sqlIndex({
    name: 'idx_bets_view_user',
    table: 'ledger.bets_view',
    columns: ['tenant_id', 'user_id', 'bet_id'],
    serves: 'GET /v1/ledger/bets?userId=, newest first',
  }),
  sqlIndex({
    name: 'idx_bets_view_open',
    table: 'ledger.bets_view',
    columns: ['tenant_id', 'bet_id'],
    where: 'open',
    serves: 'GET /v1/ledger/bets?status= of an open state; whether holds match open bets',
  }),
  sqlIndex({
    name: 'idx_bets_view_placed_brin',
    table: 'ledger.bets_view',
    using: 'brin',
    columns: ['placed_at'],
    with: { pages_per_range: 32, autosummarize: 'on' },
    serves: 'the refresh of ledger.top_bets_today',
  }),
  sqlIndex({
    name: 'idx_payments_view_open',
    table: 'ledger.payments_view',
    columns: ['tenant_id', 'payment_id'],
    where: 'open',
    serves: 'whether holds match requested withdrawals',
  }),
  sqlIndex({
    name: 'idx_user_balances_view_available',
    table: 'ledger.user_balances_view',
    columns: ['tenant_id', 'currency', 'user_id'],
    where: 'funded',
    serves: 'GET /v1/ledger/accounts?currency=',
  }),
]
