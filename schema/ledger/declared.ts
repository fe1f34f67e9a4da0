import {
  type Declared,
  grants,
  policy,
  rowSecurity,
  sqlFunction,
  sqlIndex,
  sqlView,
  storage,
  trigger,
} from '../kit/declare.ts'
import { incrementalView, streamView } from '../kit/incremental.ts'
import { sqlFiles } from '../kit/sql-files.ts'
import { tenant } from './tables.ts'

const body = sqlFiles(import.meta.dirname)

const sameAccount = (one: string, other: string) =>
  ['tenant_id', 'user_id', 'currency'].map((column) => `${one}.${column} = ${other}.${column}`).join(' and ')

type Aggregate = { name: string; shownAs: string; columns: string; unique: string; query: string }

const readable = ['bet_events', 'payment_events', 'balance_events', 'system_events']

const kept = ['bets_view', 'payments_view', 'user_balances_view', 'balance_deltas']

const watched = ['alerts', 'invariant_checks']

export const ledgerDeclared: Declared[] = [
  sqlView({ name: 'ledger.user_balances', create: body('user_balances') }),
  grants({ on: 'table ledger.user_balances', to: 'lockstep_app', privileges: ['select'] }),
  sqlView({ name: 'ledger.account_changes', create: body('account_changes') }),
  sqlFunction({ name: 'ledger.fold_deltas(ledger.account_changes[])', create: body('fold_deltas') }),
  sqlFunction({ name: 'ledger.change_accounts(ledger.account_changes[])', create: body('change_accounts') }),
  ...incrementalView({
    view: 'ledger.user_balances_view',
    events: 'ledger.balance_events',
    scope: 'tenant_id',
    key: { user_id: 'user_id', currency: 'currency' },
    reads: 'ledger.user_balances',
    columns: ['balance_minor', 'reserved_minor', 'may_go_negative', 'quarantined_at', 'last_seq'],
    additive: ['balance_minor', 'reserved_minor'],
    fold: (where) => `
    select account.tenant_id, account.user_id, account.currency, account.balance_minor, account.reserved_minor,
      coalesce((
        select n.event_type = 'V1_SYSTEM_OVERDRAFT_ALLOWED'
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_OVERDRAFT_%'
        order by n.stream_version desc
        limit 1
      ), false) as may_go_negative,
      (
        select case n.event_type when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then n.created_at end
        from ledger.system_events n
        where n.tenant_id = account.tenant_id
          and n.aggregate_id = account.user_id || ':' || account.currency
          and n.event_type like 'V1_SYSTEM_ACCOUNT_%'
        order by n.stream_version desc
        limit 1
      ) as quarantined_at,
      account.last_seq
    from (
      select tenant_id, user_id, currency, sum(balance_delta)::bigint as balance_minor,
        sum(reserved_delta)::bigint as reserved_minor, max(seq) as last_seq
      from (
        select e.tenant_id, e.user_id, e.currency, e.balance_delta, e.reserved_delta, e.seq
        from ledger.balance_events e
        where ${where}
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where ${where}
      ) e
      group by tenant_id, user_id, currency
    ) account`,
    // A plan is kept for the session, and none may depend on how small the table was when it was made.
    settings: `set plan_cache_mode = force_generic_plan
set enable_seqscan = off`,
    apply: `
declare
  events bigint;
  changes ledger.account_changes[];
  continues boolean;
  change ledger.account_changes;
  account ledger.user_balances_view;
  folded record;
  wrong record;
begin
  -- One event is its account's change; of more, one change an account is made.
  select count(*),
    array[row(
      min(tenant_id), min(user_id), min(currency), min(seq), min(balance_delta), min(reserved_delta),
      min(balance_delta - reserved_delta), bool_or(balance_delta < reserved_delta)
    )::ledger.account_changes],
    bool_or(stream_version > 1 or reserved_delta < 0)
  into events, changes, continues
  from arrived;
  if events = 0 then
    return null;
  end if;
  if events > 1 then
    select array_agg(
      row(a.tenant_id, a.user_id, a.currency, a.seq, a.balance_delta, a.reserved_delta, a.lowest, a.debits)::ledger.account_changes
      order by a.tenant_id, a.user_id, a.currency
    )
    into changes
    from (
      select e.tenant_id, e.user_id, e.currency, max(e.seq) as seq, sum(e.balance_delta)::bigint as balance_delta,
        sum(e.reserved_delta)::bigint as reserved_delta, min(e.running)::bigint as lowest,
        bool_or(e.balance_delta < e.reserved_delta) as debits
      from (
        select *, sum(balance_delta - reserved_delta) over (partition by tenant_id, user_id, currency order by seq) as running
        from arrived
      ) e
      group by e.tenant_id, e.user_id, e.currency
    ) a;
  end if;

  -- What a stream holds is its own: none releases what another reserved, so a release needs no lock.
  if continues then
    select e.aggregate_id, e.stream_version, e.user_id, e.currency, prior.held is null and e.stream_version > 1 as gap
    into wrong
    from arrived e
    left join lateral (
      select true as held
      from ledger.balance_events prior
      where prior.tenant_id = e.tenant_id
        and prior.aggregate_id = e.aggregate_id
        and prior.stream_version = e.stream_version - 1
      offset 0
    ) prior on true
    where e.stream_version > 1
      and prior.held is null
      or e.reserved_delta < 0
      and (
        select sum(own.reserved_delta)
        from ledger.balance_events own
        where own.tenant_id = e.tenant_id
          and own.aggregate_id = e.aggregate_id
          and own.user_id = e.user_id
          and own.currency = e.currency
      ) < 0
    limit 1;
    if found then
      raise exception using
        errcode = case when wrong.gap then 'LS101' else 'LS104' end,
        message = 'this is not how the stream goes on',
        detail = to_jsonb(wrong);
    end if;
  end if;

  if cardinality(changes) > 8 then
    perform ledger.change_accounts(changes);
    return null;
  end if;

  -- A command's. Who takes waits for the account's row, who gives never does.
  foreach change in array changes loop
    -- An amount that could carry the balance out of range unseen waits as well: below these bounds that would take
    -- four thousand of the largest, all waiting at once.
    if change.lowest >= 0 and change.balance_delta <= 1::bigint << 40 then
      update ledger.user_balances_view b
      set balance_minor = b.balance_minor + change.balance_delta,
          reserved_minor = b.reserved_minor + change.reserved_delta,
          last_seq = greatest(b.last_seq, change.seq)
      where ${sameAccount('b', 'change')}
        and (
          select true
          from ledger.user_balances_view free
          where ${sameAccount('free', 'change')}
          for update skip locked
        );
      continue when found;
      insert into ledger.balance_deltas (tenant_id, user_id, currency, seq, balance_delta, reserved_delta)
      select change.tenant_id, change.user_id, change.currency, change.seq, change.balance_delta, change.reserved_delta
      from ledger.user_balances_view b
      where ${sameAccount('b', 'change')}
        and b.balance_minor < 1::bigint << 52;
      continue when found;
    end if;

    -- Race: all who take from this account. What is read after this statement is newer than the wait.
    select * into account
    from ledger.user_balances_view b
    where ${sameAccount('b', 'change')}
    for update;
    if not found then
      insert into ledger.user_balances_view (tenant_id, user_id, currency)
      values (change.tenant_id, change.user_id, change.currency)
      on conflict do nothing;
      select * into account
      from ledger.user_balances_view b
      where ${sameAccount('b', 'change')}
      for update;
    end if;

    with gone as (
      delete from ledger.balance_deltas d
      where ${sameAccount('d', 'change')}
      returning balance_delta, reserved_delta, seq
    )
    select coalesce(sum(balance_delta), 0) as balance, coalesce(sum(reserved_delta), 0) as reserved, max(seq) as seq
    into folded
    from gone;
    account.available_minor := account.available_minor + folded.balance - folded.reserved;

    if change.debits and account.quarantined_at is not null then
      raise exception using errcode = 'LS103', message = 'the account is quarantined', detail = to_jsonb(account);
    end if;
    if account.available_minor + change.lowest < least(0, account.available_minor) and not account.may_go_negative then
      raise exception using errcode = 'LS102', message = 'there is not enough', detail = to_jsonb(account);
    end if;

    update ledger.user_balances_view b
    set balance_minor = b.balance_minor + folded.balance + change.balance_delta,
        reserved_minor = b.reserved_minor + folded.reserved + change.reserved_delta,
        last_seq = greatest(b.last_seq, folded.seq, change.seq)
    where ${sameAccount('b', 'change')};
  end loop;
  return null;
end
`,
  }),
  sqlFunction({ name: 'ledger.apply_notices()', create: body('apply_notices') }),
  trigger({
    name: 'apply_notices',
    table: 'ledger.system_events',
    fires: 'after insert',
    referencing: 'new table as arrived',
    forEach: 'statement',
    execute: 'ledger.apply_notices()',
  }),
  // Bets and payments are summed apart and joined by key: a join of the rows would count each as often as it has others.
  ...aggregate({
    name: 'tenants_summary_view',
    shownAs: 'tenants_summary',
    columns:
      'currency, bets, open_bets, stake_minor, payout_minor, deposits, deposited_minor, withdrawals, withdrawn_minor',
    unique: 'tenant_id, currency',
    query: `
with bets as (
  select tenant_id, currency,
    count(*) as bets,
    count(*) filter (where open) as open_bets,
    sum(amount_minor) as stake_minor,
    coalesce(sum(payout_minor), 0) as payout_minor
  from ledger.bets_view
  group by tenant_id, currency
),
payments as (
  select tenant_id, currency,
    count(*) filter (where kind = 'deposit' and status = 'completed') as deposits,
    coalesce(sum(amount_minor) filter (where kind = 'deposit' and status = 'completed'), 0) as deposited_minor,
    count(*) filter (where kind = 'withdrawal' and status = 'completed') as withdrawals,
    coalesce(sum(amount_minor) filter (where kind = 'withdrawal' and status = 'completed'), 0) as withdrawn_minor
  from ledger.payments_view
  group by tenant_id, currency
)
select tenant_id, currency,
  coalesce(bets, 0) as bets,
  coalesce(open_bets, 0) as open_bets,
  coalesce(stake_minor, 0) as stake_minor,
  coalesce(payout_minor, 0) as payout_minor,
  coalesce(deposits, 0) as deposits,
  coalesce(deposited_minor, 0) as deposited_minor,
  coalesce(withdrawals, 0) as withdrawals,
  coalesce(withdrawn_minor, 0) as withdrawn_minor
from bets
full join payments using (tenant_id, currency)`,
  }),
  ...aggregate({
    name: 'user_activity_view',
    shownAs: 'user_activity',
    columns:
      'user_id, currency, bets, stake_minor, payout_minor, deposited_minor, withdrawn_minor, last_seen_at',
    unique: 'tenant_id, user_id, currency',
    query: `
with bets as (
  select tenant_id, user_id, currency,
    count(*) as bets,
    sum(amount_minor) as stake_minor,
    coalesce(sum(payout_minor), 0) as payout_minor,
    max(placed_at) as last_bet_at
  from ledger.bets_view
  group by tenant_id, user_id, currency
),
payments as (
  select tenant_id, user_id, currency,
    coalesce(sum(amount_minor) filter (where kind = 'deposit' and status = 'completed'), 0) as deposited_minor,
    coalesce(sum(amount_minor) filter (where kind = 'withdrawal' and status = 'completed'), 0) as withdrawn_minor,
    max(requested_at) as last_payment_at
  from ledger.payments_view
  group by tenant_id, user_id, currency
)
select tenant_id, user_id, currency,
  coalesce(bets, 0) as bets,
  coalesce(stake_minor, 0) as stake_minor,
  coalesce(payout_minor, 0) as payout_minor,
  coalesce(deposited_minor, 0) as deposited_minor,
  coalesce(withdrawn_minor, 0) as withdrawn_minor,
  greatest(last_bet_at, last_payment_at) as last_seen_at
from bets
full join payments using (tenant_id, user_id, currency)`,
  }),
  // Today is the day of the refresh, in UTC. Amounts are ranked within their currency: others do not compare.
  ...aggregate({
    name: 'top_bets_today',
    shownAs: 'top_bets',
    columns:
      'bet_id, rank, user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at',
    unique: 'tenant_id, bet_id',
    query: `
select *
from (
  select tenant_id, bet_id,
    row_number() over (partition by tenant_id, currency order by amount_minor desc, bet_id) as rank,
    user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
  from ledger.bets_view
  where placed_at >= date_trunc('day', now(), 'UTC')
    and placed_at < date_trunc('day', now(), 'UTC') + interval '1 day'
) ranked
where rank <= 100`,
  }),
  sqlFunction({
    name: 'ledger.refresh_aggregate_views()',
    create: body('refresh_aggregate_views'),
    executeBy: 'lockstep_app',
  }),
  sqlView({ name: 'ledger.events', create: body('events') }),
  grants({ on: 'table ledger.events', to: 'lockstep_app', privileges: ['select'] }),
  sqlFunction({ name: 'ledger.payout_of(bigint, numeric)', create: body('payout_of') }),
  sqlFunction({ name: 'ledger.refusal(text, text, jsonb)', create: body('refusal') }),
  sqlView({ name: 'ledger.incoming_events', create: body('incoming_events') }),
  sqlFunction({ name: 'ledger.append_events(jsonb, text)', create: body('append_events') }),
  sqlFunction({ name: 'ledger.transfer(jsonb, boolean, text)', create: body('transfer') }),
  sqlFunction({ name: 'ledger.bet_state(text)', create: body('bet_state'), beforeTables: true }),
  sqlFunction({
    name: 'ledger.bet_may_become(text, text)',
    create: body('bet_may_become'),
    beforeTables: true,
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
  sqlFunction({ name: 'ledger.payment_state(text)', create: body('payment_state'), beforeTables: true }),
  sqlFunction({
    name: 'ledger.payment_may_become(text, text)',
    create: body('payment_may_become'),
    beforeTables: true,
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
  sqlFunction({
    name: 'ledger.fold_waiting(integer)',
    create: body('fold_waiting'),
    executeBy: 'lockstep_app',
  }),
  sqlFunction({ name: 'ledger.find_differences(bigint, integer)', create: body('find_differences') }),
  sqlFunction({ name: 'ledger.next_tenant(bigint)', create: body('next_tenant') }),
  sqlFunction({
    name: 'ledger.check_invariants(integer)',
    create: body('check_invariants'),
    executeBy: 'lockstep_app',
  }),
  grants({ on: 'schema ledger', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'sequence ledger.event_seq', to: 'lockstep_app', privileges: ['usage'] }),
  ...readable.map((table) =>
    grants({ on: `table ledger.${table}`, to: 'lockstep_app', privileges: ['select', 'insert'] }),
  ),
  ...kept.map((table) =>
    grants({
      on: `table ledger.${table}`,
      to: 'lockstep_app',
      privileges: ['select', 'insert', 'update', 'delete'],
    }),
  ),
  grants({ on: 'table ledger.alerts', to: 'lockstep_app', privileges: ['select', 'update'] }),
  ...[...readable, ...kept, ...watched].flatMap((table) => [
    rowSecurity({ table: `ledger.${table}` }),
    policy({
      name: 'of_tenant',
      table: `ledger.${table}`,
      to: 'lockstep_app',
      using: `tenant_id = ${tenant}`,
    }),
  ]),
  sqlFunction({ name: 'ledger.tenant()', create: body('tenant'), beforeTables: true }),
  storage({ table: 'ledger.bets_view', with: { fillfactor: 80 } }),
  storage({ table: 'ledger.payments_view', with: { fillfactor: 80 } }),
  storage({ table: 'ledger.user_balances_view', with: { fillfactor: 50 } }),
  ...readable.map((table) =>
    sqlIndex({
      name: `idx_${table}_feed`,
      table: `ledger.${table}`,
      columns: ['tenant_id', 'xid', 'seq'],
      serves: 'GET /v1/ledger/events after a cursor, and its stream',
    }),
  ),
  ...readable.map((table) =>
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
    serves: 'accounts with money available',
  }),
]

/** Materialized views know no row-level security: only the view beside each may be read, and it shows one tenant. */
function aggregate({ name, shownAs, columns, unique, query }: Aggregate): Declared[] {
  return [
    {
      kind: 'view',
      name: `ledger.${name}`,
      create: `create materialized view ledger.${name} as${query.trimEnd()};
create unique index ${name}_key on ledger.${name} (${unique})`,
      drop: `drop materialized view ledger.${name}`,
    },
    sqlView({
      name: `ledger.${shownAs}`,
      create: `
create view ledger.${shownAs}
with (security_barrier = true)
as
select ${columns}
from ledger.${name}
where tenant_id = ledger.tenant()`,
    }),
    grants({ on: `table ledger.${shownAs}`, to: 'lockstep_app', privileges: ['select'] }),
  ]
}
