import { incrementalView } from './incremental.ts'
import { type Declared, grants, sqlFunction, sqlView, trigger } from './triggers.ts'

const sameAccount = (one: string, other: string) =>
  ['tenant_id', 'user_id', 'currency'].map((column) => `${one}.${column} = ${other}.${column}`).join(' and ')

export const ledgerAccountsDeclared: Declared[] = [
  // What readers see of an account: its row, and the changes that wait beside it.
  sqlView({
    name: 'ledger.user_balances',
    create: `
create or replace view ledger.user_balances
with (security_invoker = true)
as
select b.tenant_id,
  b.user_id,
  b.currency,
  b.balance_minor + waiting.balance as balance_minor,
  b.reserved_minor + waiting.reserved as reserved_minor,
  b.available_minor + waiting.balance - waiting.reserved as available_minor,
  b.may_go_negative,
  b.quarantined_at,
  greatest(b.last_seq, waiting.seq) as last_seq
from ledger.user_balances_view b,
lateral (
  select coalesce(sum(d.balance_delta), 0)::bigint as balance,
    coalesce(sum(d.reserved_delta), 0)::bigint as reserved,
    max(d.seq) as seq
  from ledger.balance_deltas d
  where ${sameAccount('d', 'b')}
) waiting`,
  }),
  grants({ on: 'table ledger.user_balances', to: 'lockstep_app', privileges: ['select'] }),

  // What one statement does to one account; for its row type. It takes if it lowers what is available at any of its
  // events, not only in the end: `lowest` is how far below its beginning the account fell.
  sqlView({
    name: 'ledger.account_changes',
    create: `
create or replace view ledger.account_changes as
select null::bigint as tenant_id,
  null::text as user_id,
  null::text as currency,
  null::bigint as seq,
  null::bigint as balance_delta,
  null::bigint as reserved_delta,
  null::bigint as lowest,
  null::boolean as debits
where false`,
  }),

  // Moves what waits beside accounts into their rows, which the caller has locked.
  sqlFunction({
    name: 'ledger.fold_deltas(ledger.account_changes[])',
    create: `
create or replace function ledger.fold_deltas(accounts ledger.account_changes[]) returns void
language sql
set search_path = ''
set enable_seqscan = off
as $$
  with folded as (
    delete from ledger.balance_deltas
    where ctid = any (array(
      select d.ctid
      from unnest(accounts) a,
      lateral (
        select ctid
        from ledger.balance_deltas d
        where ${sameAccount('d', 'a')}
        offset 0
      ) d
    ))
    returning *
  )
  insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
  select f.tenant_id, f.user_id, f.currency, b.balance_minor + f.balance, b.reserved_minor + f.reserved,
    greatest(b.last_seq, f.seq)
  from (
    select tenant_id, user_id, currency, max(seq) as seq, sum(balance_delta) as balance, sum(reserved_delta) as reserved
    from folded
    group by tenant_id, user_id, currency
  ) f,
  lateral (
    select *
    from ledger.user_balances_view b
    where ${sameAccount('b', 'f')}
    offset 0
  ) b
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
$$`,
  }),

  // Many accounts at once, set by set. Rows are looked up by key, each after the other (lateral): so they are locked in
  // the order of the keys, and no estimate of the planner's can turn the join round.
  sqlFunction({
    name: 'ledger.change_accounts(ledger.account_changes[])',
    create: `
create or replace function ledger.change_accounts(changes ledger.account_changes[]) returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  rest ledger.account_changes[] := changes;
  wrong record;
begin
  for attempt in 1..2 loop
    -- An upsert of final values, since each row is there and locked: unlike an update it has no join to plan.
    with applied as (
      insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
      select c.tenant_id, c.user_id, c.currency, b.balance_minor + c.balance_delta, b.reserved_minor + c.reserved_delta,
        greatest(b.last_seq, c.seq)
      from unnest(rest) c,
      lateral (
        select *
        from ledger.user_balances_view b
        where ${sameAccount('b', 'c')}
        for update
      ) b
      where (b.available_minor + c.lowest >= least(0, b.available_minor) or b.may_go_negative)
        and (b.quarantined_at is null or not c.debits)
      on conflict (tenant_id, user_id, currency) do update
      set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
      returning tenant_id, user_id, currency
    )
    select array_agg(c)
    into rest
    from unnest(rest) c
    where (c.tenant_id, c.user_id, c.currency) not in (select tenant_id, user_id, currency from applied);
    if rest is null then
      return;
    end if;
    exit when attempt = 2 or not exists (select from unnest(rest) where lowest < 0);

    -- Too little on the row: it may wait beside it.
    perform
    from unnest(rest) c,
    lateral (
      select
      from ledger.user_balances_view b
      where ${sameAccount('b', 'c')}
      for update
    ) locked;
    perform ledger.fold_deltas(rest);
  end loop;

  select c.user_id, c.currency, coalesce(b.available_minor, 0) as available_minor, b.quarantined_at
  into wrong
  from unnest(rest) c
  left join lateral (
    select *
    from ledger.user_balances_view b
    where ${sameAccount('b', 'c')}
    offset 0
  ) b on true
  where c.lowest < 0
    or c.debits and b.quarantined_at is not null
  limit 1;
  if found then
    raise exception using
      errcode = case when wrong.quarantined_at is null then 'LS102' else 'LS103' end,
      message = 'the account does not allow it',
      detail = to_jsonb(wrong);
  end if;

  insert into ledger.user_balances_view as b (tenant_id, user_id, currency, balance_minor, reserved_minor, last_seq)
  select c.tenant_id, c.user_id, c.currency, c.balance_delta, c.reserved_delta, c.seq
  from unnest(rest) c
  order by c.tenant_id, c.user_id, c.currency
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = b.balance_minor + excluded.balance_minor,
      reserved_minor = b.reserved_minor + excluded.reserved_minor,
      last_seq = greatest(b.last_seq, excluded.last_seq);
end
$$`,
  }),

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

  // What was decided about an account stands on the row that its commands lock.
  sqlFunction({
    name: 'ledger.apply_notices()',
    create: `
create or replace function ledger.apply_notices() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  notice record;
begin
  for notice in select * from arrived order by tenant_id, user_id, currency, seq loop
    insert into ledger.user_balances_view (tenant_id, user_id, currency)
    values (notice.tenant_id, notice.user_id, notice.currency)
    on conflict do nothing;
    update ledger.user_balances_view b
    set may_go_negative = case notice.event_type
          when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then true
          when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then false
          else b.may_go_negative
        end,
        quarantined_at = case notice.event_type
          when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then notice.created_at
          when 'V1_SYSTEM_ACCOUNT_CLEARED' then null
          else b.quarantined_at
        end
    where ${sameAccount('b', 'notice')};
  end loop;
  return null;
end
$$`,
  }),
  trigger({
    name: 'apply_notices',
    table: 'ledger.system_events',
    fires: 'after insert',
    referencing: 'new table as arrived',
    forEach: 'statement',
    execute: 'ledger.apply_notices()',
  }),
]
