create schema if not exists ledger;

create or replace function ledger.bet_state(event_type text) returns text
language sql immutable parallel safe
return case event_type
  when 'V1_BETS_BET_PLACED' then 'placed'
  when 'V1_BETS_BET_ACCEPTED' then 'accepted'
  when 'V1_BETS_BET_REJECTED' then 'rejected'
  when 'V1_BETS_BET_WON' then 'won'
  when 'V1_BETS_BET_LOST' then 'lost'
  when 'V1_BETS_BET_VOIDED' then 'voided'
  when 'V1_BETS_BET_CANCELLED' then 'cancelled'
  when 'V1_BETS_BET_CASHED_OUT' then 'cashed_out'
end;

create or replace function ledger.bet_may_become(was text, becomes text) returns boolean
language sql immutable parallel safe
return case
  when was is null then becomes = 'placed'
  when was = 'placed' then becomes in ('accepted', 'rejected', 'voided', 'cancelled')
  when was = 'accepted' then becomes in ('won', 'lost', 'voided', 'cancelled', 'cashed_out')
  else false
end;

create or replace function ledger.payment_state(event_type text) returns text
language sql immutable parallel safe
return case event_type
  when 'V1_PAYMENTS_DEPOSIT_REQUESTED' then 'deposit requested'
  when 'V1_PAYMENTS_DEPOSIT_COMPLETED' then 'deposit completed'
  when 'V1_PAYMENTS_DEPOSIT_FAILED' then 'deposit failed'
  when 'V1_PAYMENTS_DEPOSIT_CHARGED_BACK' then 'deposit charged_back'
  when 'V1_PAYMENTS_WITHDRAWAL_REQUESTED' then 'withdrawal requested'
  when 'V1_PAYMENTS_WITHDRAWAL_COMPLETED' then 'withdrawal completed'
  when 'V1_PAYMENTS_WITHDRAWAL_REJECTED' then 'withdrawal rejected'
end;

create or replace function ledger.payment_may_become(was text, becomes text) returns boolean
language sql immutable parallel safe
return case
  when was is null then becomes in ('deposit requested', 'withdrawal requested')
  when was = 'deposit requested' then becomes in ('deposit completed', 'deposit failed')
  when was = 'deposit completed' then becomes = 'deposit charged_back'
  when was = 'withdrawal requested' then becomes in ('withdrawal completed', 'withdrawal rejected')
  else false
end;

create or replace function ledger.tenant() returns bigint
language sql stable parallel safe
return nullif(current_setting('app.tenant_id', true), '')::bigint;

create sequence ledger.event_seq increment by 1 minvalue 1 maxvalue 9223372036854775807 start with 1 cache 1;

create table ledger.alerts (
  tenant_id bigint not null,
  id bigint generated always as identity,
  kind text not null,
  subject text not null,
  user_id text,
  currency text,
  evidence jsonb not null,
  raised_at timestamptz default now() not null,
  seen_at timestamptz default now() not null,
  resolved_at timestamptz,
  constraint alerts_tenant_id_id_pk primary key(tenant_id,id),
  constraint alerts_kind_known check (kind in ('balance', 'hold', 'bet', 'payment', 'negative'))
);

create table ledger.balance_deltas (
  tenant_id bigint not null,
  user_id text not null,
  currency text not null,
  seq bigint not null,
  balance_delta bigint not null,
  reserved_delta bigint not null,
  constraint balance_deltas_tenant_id_user_id_currency_seq_pk primary key(tenant_id,user_id,currency,seq),
  constraint balance_deltas_take_nothing check (balance_delta >= reserved_delta)
);

create table ledger.balance_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq') not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamptz default clock_timestamp() not null,
  created_at timestamptz default clock_timestamp() not null,
  actor text not null,
  user_id text generated always as (event_data ->> 'userId') stored not null,
  currency text generated always as (event_data ->> 'currency') stored not null,
  balance_delta bigint generated always as ((event_data ->> 'amountMinor')::bigint * case event_type when 'V1_BALANCES_BALANCE_CREDITED' then 1 when 'V1_BALANCES_BALANCE_DEBITED' then -1 else 0 end) stored not null,
  reserved_delta bigint generated always as ((event_data ->> 'amountMinor')::bigint * case event_type when 'V1_BALANCES_BALANCE_RESERVED' then 1 when 'V1_BALANCES_BALANCE_RELEASED' then -1 else 0 end) stored not null,
  constraint balance_events_tenant_id_aggregate_id_stream_version_pk primary key(tenant_id,aggregate_id,stream_version),
  constraint balance_events_stream_version_positive check (stream_version >= 1),
  constraint balance_events_event_type_known check (event_type in ('V1_BALANCES_BALANCE_CREDITED', 'V1_BALANCES_BALANCE_DEBITED', 'V1_BALANCES_BALANCE_RESERVED', 'V1_BALANCES_BALANCE_RELEASED')),
  constraint balance_events_amount_exact check ((event_data ->> 'amountMinor')::numeric between 1 and 9007199254740991)
);

create table ledger.bet_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq') not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamptz default clock_timestamp() not null,
  created_at timestamptz default clock_timestamp() not null,
  actor text not null,
  constraint bet_events_tenant_id_aggregate_id_stream_version_pk primary key(tenant_id,aggregate_id,stream_version),
  constraint bet_events_stream_version_positive check (stream_version >= 1),
  constraint bet_events_event_type_known check (ledger.bet_state(event_type) is not null)
);

create table ledger.bets_view (
  tenant_id bigint not null,
  bet_id text not null,
  user_id text not null,
  amount_minor bigint not null,
  currency text not null,
  odds numeric not null,
  selection text not null,
  status text not null,
  payout_minor bigint,
  placed_at timestamptz not null,
  settled_at timestamptz,
  stream_version integer not null,
  open boolean generated always as (status in ('placed', 'accepted')) stored not null,
  constraint bets_view_tenant_id_bet_id_pk primary key(tenant_id,bet_id)
);

create table ledger.invariant_checks (
  tenant_id bigint not null,
  checked_at timestamptz not null,
  constraint invariant_checks_tenant_id_pk primary key(tenant_id)
);

create table ledger.payment_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq') not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamptz default clock_timestamp() not null,
  created_at timestamptz default clock_timestamp() not null,
  actor text not null,
  constraint payment_events_tenant_id_aggregate_id_stream_version_pk primary key(tenant_id,aggregate_id,stream_version),
  constraint payment_events_stream_version_positive check (stream_version >= 1),
  constraint payment_events_event_type_known check (ledger.payment_state(event_type) is not null)
);

create table ledger.payments_view (
  tenant_id bigint not null,
  payment_id text not null,
  kind text not null,
  user_id text not null,
  amount_minor bigint not null,
  currency text not null,
  status text not null,
  requested_at timestamptz not null,
  settled_at timestamptz,
  stream_version integer not null,
  open boolean generated always as (status = 'requested') stored not null,
  constraint payments_view_tenant_id_payment_id_pk primary key(tenant_id,payment_id)
);

create table ledger.system_events (
  tenant_id bigint not null,
  aggregate_id text not null,
  stream_version integer not null,
  id uuid default uuidv7() not null,
  xid xid8 default core.reading_xid() not null,
  seq bigint default nextval('ledger.event_seq') not null,
  event_type text not null,
  event_data jsonb not null,
  schema_version smallint default 1 not null,
  idempotency_key text,
  occurred_at timestamptz default clock_timestamp() not null,
  created_at timestamptz default clock_timestamp() not null,
  actor text not null,
  user_id text generated always as (event_data ->> 'userId') stored not null,
  currency text generated always as (event_data ->> 'currency') stored not null,
  constraint system_events_tenant_id_aggregate_id_stream_version_pk primary key(tenant_id,aggregate_id,stream_version),
  constraint system_events_stream_version_positive check (stream_version >= 1),
  constraint system_events_event_type_known check (event_type in ('V1_SYSTEM_ACCOUNT_QUARANTINED', 'V1_SYSTEM_ACCOUNT_CLEARED', 'V1_SYSTEM_OVERDRAFT_ALLOWED', 'V1_SYSTEM_OVERDRAFT_FORBIDDEN'))
);

create table ledger.user_balances_view (
  tenant_id bigint not null,
  user_id text not null,
  currency text not null,
  balance_minor bigint default 0 not null,
  reserved_minor bigint default 0 not null,
  available_minor bigint generated always as (balance_minor - reserved_minor) stored not null,
  funded boolean generated always as (balance_minor - reserved_minor > 0) stored not null,
  may_go_negative boolean default false not null,
  quarantined_at timestamptz,
  last_seq bigint default 0 not null,
  constraint user_balances_view_tenant_id_user_id_currency_pk primary key(tenant_id,user_id,currency),
  constraint user_balances_view_reserved check (reserved_minor >= 0),
  constraint user_balances_view_available check (balance_minor - reserved_minor >= 0 or may_go_negative),
  constraint user_balances_view_exact check (balance_minor between -9007199254740991 and 9007199254740991)
);

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
  where d.tenant_id = b.tenant_id and d.user_id = b.user_id and d.currency = b.currency
) waiting;

grant select on table ledger.user_balances to lockstep_app;

create or replace view ledger.account_changes as
select null::bigint as tenant_id,
  null::text as user_id,
  null::text as currency,
  null::bigint as seq,
  null::bigint as balance_delta,
  null::bigint as reserved_delta,
  null::bigint as lowest,
  null::boolean as debits
where false;

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
        where d.tenant_id = a.tenant_id and d.user_id = a.user_id and d.currency = a.currency
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
    where b.tenant_id = f.tenant_id and b.user_id = f.user_id and b.currency = f.currency
    offset 0
  ) b
  on conflict (tenant_id, user_id, currency) do update
  set balance_minor = excluded.balance_minor, reserved_minor = excluded.reserved_minor, last_seq = excluded.last_seq
$$;

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
        where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
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
      where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
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
    where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
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
$$;

create or replace function ledger.apply_user_balances_view() returns trigger
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  changes ledger.account_changes[];
  continues boolean;
  change ledger.account_changes;
  account ledger.user_balances_view;
  folded record;
  wrong record;
begin
  select
    array_agg(
      row(a.tenant_id, a.user_id, a.currency, a.seq, a.balance_delta, a.reserved_delta, a.lowest, a.debits)::ledger.account_changes
      order by a.tenant_id, a.user_id, a.currency
    ),
    bool_or(a.continues)
  into changes, continues
  from (
    select e.tenant_id, e.user_id, e.currency, max(e.seq) as seq, sum(e.balance_delta)::bigint as balance_delta,
      sum(e.reserved_delta)::bigint as reserved_delta, min(e.running)::bigint as lowest,
      bool_or(e.balance_delta < e.reserved_delta) as debits, bool_or(e.stream_version > 1 or e.reserved_delta < 0) as continues
    from (
      select *, sum(balance_delta - reserved_delta) over (partition by tenant_id, user_id, currency order by seq) as running
      from arrived
    ) e
    group by e.tenant_id, e.user_id, e.currency
  ) a;
  if changes is null then
    return null;
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
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
        and (
          select true
          from ledger.user_balances_view free
          where free.tenant_id = change.tenant_id and free.user_id = change.user_id and free.currency = change.currency
          for update skip locked
        );
      continue when found;
      insert into ledger.balance_deltas (tenant_id, user_id, currency, seq, balance_delta, reserved_delta)
      select change.tenant_id, change.user_id, change.currency, change.seq, change.balance_delta, change.reserved_delta
      from ledger.user_balances_view b
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
        and b.balance_minor < 1::bigint << 52;
      continue when found;
    end if;

    -- Race: all who take from this account. What is read after this statement is newer than the wait.
    select * into account
    from ledger.user_balances_view b
    where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
    for update;
    if not found then
      insert into ledger.user_balances_view (tenant_id, user_id, currency)
      values (change.tenant_id, change.user_id, change.currency)
      on conflict do nothing;
      select * into account
      from ledger.user_balances_view b
      where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency
      for update;
    end if;

    with gone as (
      delete from ledger.balance_deltas d
      where d.tenant_id = change.tenant_id and d.user_id = change.user_id and d.currency = change.currency
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
    where b.tenant_id = change.tenant_id and b.user_id = change.user_id and b.currency = change.currency;
  end loop;
  return null;
end
$$;

create or replace trigger apply_user_balances_view
after insert on ledger.balance_events
referencing new table as arrived
for each statement
execute function ledger.apply_user_balances_view();

create or replace function ledger.verify_user_balances_view(of_scope bigint, sample integer default null)
returns table (key jsonb, expected jsonb, actual jsonb)
language sql
set search_path = ''
as $$
  with sampled as materialized (
    (
      select user_id, currency
      from ledger.user_balances
      where tenant_id = of_scope
      order by random()
      limit sample
    )
    union
    (
      select e.user_id, e.currency
      from ledger.balance_events e
      where e.tenant_id = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (
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
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from sampled)
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from sampled)
      ) e
      group by tenant_id, user_id, currency
    ) account
  ),
  actual as materialized (
    select tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq
    from ledger.user_balances
    where tenant_id = of_scope
      and (user_id, currency) in (select user_id, currency from sampled)
  )
  select jsonb_build_object('user_id', user_id, 'currency', currency), to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (tenant_id, user_id, currency)
  where e::text is distinct from a::text
$$;

create or replace function ledger.rebuild_user_balances_view(of_scope bigint)
returns table (
  rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as 
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
        where e.tenant_id = of_scope
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where e.tenant_id = of_scope
      ) e
      group by tenant_id, user_id, currency
    ) account;
  create temp table suspects on commit drop as select user_id, currency from ledger.user_balances_view limit 0;

  with compared as materialized (
    select user_id, currency, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq from ledger.user_balances where tenant_id = of_scope) s using (tenant_id, user_id, currency)
  ),
  kept as (
    insert into pg_temp.suspects
    select user_id, currency
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select user_id, currency from pg_temp.suspects order by user_id, currency) suspect,
  lateral (
    select
    from ledger.user_balances_view v
    where v.tenant_id = of_scope
      and (v.user_id, v.currency) = (suspect.user_id, suspect.currency)
    for update
  ) locked;

  return query
  with folded as materialized (
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
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from pg_temp.suspects)
        union all
        select e.tenant_id, e.user_id, e.currency, 0, 0, 0
        from ledger.system_events e
        where e.tenant_id = of_scope and (e.user_id, e.currency) in (select user_id, currency from pg_temp.suspects)
      ) e
      group by tenant_id, user_id, currency
    ) account
  ),
  seen as materialized (
    select tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq
    from ledger.user_balances
    where tenant_id = of_scope
      and (user_id, currency) in (select user_id, currency from pg_temp.suspects)
  ),
  compared as materialized (
    select tenant_id, user_id, currency, f as folded, s as seen
    from folded f
    full join seen s using (tenant_id, user_id, currency)
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ledger.user_balances_view (tenant_id, user_id, currency, balance_minor, reserved_minor, may_go_negative, quarantined_at, last_seq)
    select (folded).tenant_id, (folded).user_id, (folded).currency, (folded).balance_minor, (folded).reserved_minor, (folded).may_go_negative, (folded).quarantined_at, (folded).last_seq
    from wrong
    where seen is null
  ),
  changed as (
    update ledger.user_balances_view v
    set balance_minor = v.balance_minor + (c.folded).balance_minor - (c.seen).balance_minor,
        reserved_minor = v.reserved_minor + (c.folded).reserved_minor - (c.seen).reserved_minor,
        may_go_negative = (c.folded).may_go_negative,
        quarantined_at = (c.folded).quarantined_at,
        last_seq = (c.folded).last_seq
    from wrong c
    where v.tenant_id = c.tenant_id and v.user_id = c.user_id and v.currency = c.currency
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ledger.user_balances_view v
    using wrong c
    where v.tenant_id = c.tenant_id and v.user_id = c.user_id and v.currency = c.currency
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(jsonb_build_object('user_id', user_id, 'currency', currency)) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$$;

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
    where b.tenant_id = notice.tenant_id and b.user_id = notice.user_id and b.currency = notice.currency;
  end loop;
  return null;
end
$$;

create or replace trigger apply_notices
after insert on ledger.system_events
referencing new table as arrived
for each statement
execute function ledger.apply_notices();

create materialized view ledger.tenants_summary_view as
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
full join payments using (tenant_id, currency);
create unique index tenants_summary_view_key on ledger.tenants_summary_view (tenant_id, currency);

create view ledger.tenants_summary
with (security_barrier = true)
as
select currency, bets, open_bets, stake_minor, payout_minor, deposits, deposited_minor, withdrawals, withdrawn_minor
from ledger.tenants_summary_view
where tenant_id = ledger.tenant();

grant select on table ledger.tenants_summary to lockstep_app;

create materialized view ledger.user_activity_view as
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
full join payments using (tenant_id, user_id, currency);
create unique index user_activity_view_key on ledger.user_activity_view (tenant_id, user_id, currency);

create view ledger.user_activity
with (security_barrier = true)
as
select user_id, currency, bets, stake_minor, payout_minor, deposited_minor, withdrawn_minor, last_seen_at
from ledger.user_activity_view
where tenant_id = ledger.tenant();

grant select on table ledger.user_activity to lockstep_app;

create materialized view ledger.top_bets_today as
select *
from (
  select tenant_id, bet_id,
    row_number() over (partition by tenant_id, currency order by amount_minor desc, bet_id) as rank,
    user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
  from ledger.bets_view
  where placed_at >= date_trunc('day', now(), 'UTC')
    and placed_at < date_trunc('day', now(), 'UTC') + interval '1 day'
) ranked
where rank <= 100;
create unique index top_bets_today_key on ledger.top_bets_today (tenant_id, bet_id);

create view ledger.top_bets
with (security_barrier = true)
as
select bet_id, rank, user_id, amount_minor, currency, odds, selection, status, payout_minor, placed_at
from ledger.top_bets_today
where tenant_id = ledger.tenant();

grant select on table ledger.top_bets to lockstep_app;

create or replace function ledger.refresh_aggregate_views()
returns table (view text, outcome text, rows bigint, duration_ms double precision, as_of timestamptz)
language plpgsql security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  begun timestamptz := clock_timestamp();
  numbered bigint := coalesce(pg_sequence_last_value('ledger.event_seq'), 0);
  quiet boolean := not exists (
    select from pg_snapshot_xip(pg_current_snapshot()) running
    where running <> pg_current_xact_id()
  );
  name text;
  known core.view_refreshes;
begin
  foreach name in array array['ledger.tenants_summary_view', 'ledger.user_activity_view', 'ledger.top_bets_today'] loop
    select * into known from core.view_refreshes v where v.view = name order by v.id desc limit 1;
    if known.source_writes = numbered
      and (name <> 'ledger.top_bets_today' or date_trunc('day', known.started_at, 'UTC') = date_trunc('day', begun, 'UTC'))
    then
      update core.view_refreshes v set confirmed_at = begun, skipped = v.skipped + 1 where v.id = known.id;
      return query select name, 'skipped', known.rows, 0::float8, begun;
      continue;
    end if;
    return query select * from core.refresh_view(name);
    update core.view_refreshes v
    set source_writes = numbered
    where quiet
      and v.id = (select max(newest.id) from core.view_refreshes newest where newest.view = name and newest.started_at >= begun);
  end loop;
end
$$;
revoke execute on function ledger.refresh_aggregate_views() from public;
grant execute on function ledger.refresh_aggregate_views() to lockstep_app;

create or replace view ledger.events
with (security_invoker = true)
as
select 'bets' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.bet_events
union all
select 'payments' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.payment_events
union all
select 'balances' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.balance_events
union all
select 'system' as family, tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version, idempotency_key, occurred_at, created_at, actor
from ledger.system_events;

grant select on table ledger.events to lockstep_app;

create or replace function ledger.payout_of(stake bigint, odds numeric) returns numeric
language sql immutable parallel safe
return case
  when stake * odds - trunc(stake * odds) = 0.5 and trunc(stake * odds) % 2 = 0 then trunc(stake * odds)
  else round(stake * odds)
end;

create or replace function ledger.refusal(state text, broken text, about jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(
    jsonb_build_object(
      'ok', false,
      'aggregateId', about -> 'aggregate_id',
      'userId', about -> 'user_id',
      'currency', about -> 'currency'
    ) || case
      when state = 'LS101' then jsonb_build_object('reason', 'version_conflict', 'current', about -> 'current')
      when state = 'LS102'
        then jsonb_build_object('reason', 'insufficient_funds', 'availableMinor', about -> 'available_minor')
      when state = 'LS103' then jsonb_build_object('reason', 'quarantined')
      when state = 'LS104' then jsonb_build_object('reason', 'hold_missing')
      when state = 'LS105' then jsonb_build_object(
        'reason', 'illegal_transition',
        'from', coalesce(about ->> 'was', 'nothing'),
        'to', about ->> 'becomes'
      )
      when broken = 'user_balances_view_available' then jsonb_build_object('reason', 'insufficient_funds')
      else jsonb_build_object('reason', 'amount_out_of_range')
    end
  )
$$;

create or replace view ledger.incoming_events as
select null::integer as place,
  null::text as family,
  null::text as aggregate_id,
  null::text as event_type,
  null::jsonb as event_data,
  null::text as idempotency_key,
  null::integer as expected_version,
  null::timestamptz as occurred_at,
  null::integer as stream_version,
  null::bigint as seq
where false;

create or replace function ledger.append_events(events jsonb, by_whom text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  incoming ledger.incoming_events[];
  fresh ledger.incoming_events[];
  reused text;
  conflict jsonb;
  position xid8;
  state text;
  broken text;
  about text;
begin
  -- Whoever takes a number from event_seq has an id by then: ledger.refresh_aggregate_views() relies on it.
  perform pg_current_xact_id();
  select array_agg(
    row(place, lower(split_part(e."type", '_', 2)), e."aggregateId", e."type", e.data, e."idempotencyKey",
      e."expectedVersion", e."occurredAt", null, null)::ledger.incoming_events
    order by place
  )
  into incoming
  from rows from (
    jsonb_to_recordset(events) as (
      "aggregateId" text, "type" text, data jsonb, "idempotencyKey" text, "expectedVersion" integer,
      "occurredAt" timestamptz
    )
  ) with ordinality as e ("aggregateId", "type", data, "idempotencyKey", "expectedVersion", "occurredAt", place);

  for attempt in 1..5 loop
    begin
      with given as (
        select i.*, known.said as known_said,
          case when i.idempotency_key is not null then array[i.aggregate_id, i.event_type, i.event_data::text] end as said
        from unnest(incoming) i
        left join lateral (
          select array[e.aggregate_id, e.event_type, e.event_data::text] as said
          from ledger.events e
          where e.tenant_id = ledger.tenant()
            and e.idempotency_key = i.idempotency_key
          offset 0
        ) known on true
      ),
      judged as materialized (
        select g.*,
          g.idempotency_key is not null and (g.known_said is not null or row_number() over same_key > 1) as duplicate,
          coalesce(g.known_said, first_value(g.said) over same_key) <> g.said as contradicts
        from given g
        window same_key as (partition by g.idempotency_key order by g.place)
      ),
      streams as (
        select s.family, s.aggregate_id, coalesce((
          select e.stream_version
          from ledger.events e
          where e.tenant_id = ledger.tenant()
            and e.family = s.family
            and e.aggregate_id = s.aggregate_id
          order by e.stream_version desc
          limit 1
        ), 0) as current
        from (select distinct family, aggregate_id from judged where not duplicate) s
      ),
      numbered as (
        select j.*, s.current,
          s.current + row_number() over (partition by j.family, j.aggregate_id order by j.place)::integer as next_version
        from judged j
        join streams s on s.family = j.family and s.aggregate_id = j.aggregate_id
        where not j.duplicate
        order by j.place
      ),
      placed as materialized (
        select n.*, nextval('ledger.event_seq') as next_seq
        from numbered n
      )
      select
        (
          select array_agg(
            row(p.place, p.family, p.aggregate_id, p.event_type, p.event_data, p.idempotency_key, p.expected_version,
              coalesce(p.occurred_at, clock_timestamp()), p.next_version, p.next_seq)::ledger.incoming_events
          )
          from placed p
        ),
        (select j.idempotency_key from judged j where j.contradicts limit 1),
        (
          select jsonb_build_object('aggregateId', p.aggregate_id, 'current', p.current)
          from placed p
          where p.expected_version <> p.next_version - 1
          order by p.place
          limit 1
        )
      into fresh, reused, conflict;

      if reused is not null then
        return jsonb_build_object('ok', false, 'reason', 'idempotency_key_reused', 'key', reused);
      end if;
      if conflict is not null then
        return jsonb_build_object('ok', false, 'reason', 'version_conflict') || conflict;
      end if;

      position := core.reading_xid();
      insert into ledger.bet_events (
        tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
      )
      select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
        f.idempotency_key, f.occurred_at, by_whom
      from unnest(fresh) f
      where f.family = 'bets'
      order by f.aggregate_id, f.stream_version;
      insert into ledger.payment_events (
        tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
      )
      select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
        f.idempotency_key, f.occurred_at, by_whom
      from unnest(fresh) f
      where f.family = 'payments'
      order by f.aggregate_id, f.stream_version;
      insert into ledger.balance_events (
        tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
      )
      select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
        f.idempotency_key, f.occurred_at, by_whom
      from unnest(fresh) f
      where f.family = 'balances'
      order by f.aggregate_id, f.stream_version;
      return jsonb_build_object('ok', true, 'value', jsonb_build_object(
        'appended', coalesce(cardinality(fresh), 0),
        'duplicates', cardinality(incoming) - coalesce(cardinality(fresh), 0)
      ));
    exception
      when unique_violation then
        if attempt = 5 then
          raise;
        end if;
      when sqlstate 'LS101' or sqlstate 'LS102' or sqlstate 'LS103' or sqlstate 'LS104' or sqlstate 'LS105'
        or check_violation or numeric_value_out_of_range
      then
        get stacked diagnostics state = returned_sqlstate, broken = constraint_name, about = pg_exception_detail;
        return ledger.refusal(state, broken, case when state like 'LS%' then about::jsonb end);
    end;
  end loop;
end
$$;

create or replace function ledger.transfer(transfers jsonb, all_or_none boolean, by_whom text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  accounts ledger.account_changes[];
  senders integer[];
  receivers integer[];
  amounts bigint[];
  keys text[];
  known jsonb;
  available bigint[];
  balances bigint[];
  barred boolean[];
  accepted boolean[] := '{}';
  results jsonb[] := '{}';
  ids text[] := '{}';
  s integer;
  r integer;
  position xid8;
begin
  with given as materialized (
    select *
    from rows from (
      jsonb_to_recordset(transfers) as (
        "fromUserId" text, "toUserId" text, currency text, "amountMinor" bigint, "idempotencyKey" text
      )
    ) with ordinality as t (sender, receiver, currency, amount, key, place)
  ),
  involved as materialized (
    select user_id, currency, row_number() over (order by user_id, currency) as number
    from (
      select sender as user_id, currency from given
      union
      select receiver, currency from given
    ) a
  )
  select
    (
      select array_agg(row(ledger.tenant(), i.user_id, i.currency, null, null, null, null, null)::ledger.account_changes order by i.number)
      from involved i
    ),
    array_agg(s.number order by g.place),
    array_agg(r.number order by g.place),
    array_agg(g.amount order by g.place),
    array_agg(g.key order by g.place)
  into accounts, senders, receivers, amounts, keys
  from given g
  join involved s on s.user_id = g.sender and s.currency = g.currency
  join involved r on r.user_id = g.receiver and r.currency = g.currency;

  -- Race: all who take from these accounts. What is read after this statement is newer than the wait.
  perform
  from unnest(accounts) a,
  lateral (
    select
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id
      and b.user_id = a.user_id
      and b.currency = a.currency
    for update
  ) locked;
  perform ledger.fold_deltas(accounts);

  select
    array_agg(coalesce(b.available_minor, 0) order by a.number),
    array_agg(coalesce(b.balance_minor, 0) order by a.number),
    array_agg(b.quarantined_at is not null order by a.number)
  into available, balances, barred
  from unnest(accounts) with ordinality as a (tenant_id, user_id, currency, seq, balance_delta, reserved_delta, lowest, debits, number)
  left join lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id
      and b.user_id = a.user_id
      and b.currency = a.currency
    offset 0
  ) b on true;

  select jsonb_object_agg(k.key, jsonb_build_object(
    'id', e.aggregate_id, 'fromUserId', e.event_data -> 'userId', 'amountMinor', e.event_data -> 'amountMinor'
  ))
  into known
  from unnest(keys) k (key),
  lateral (
    select e.aggregate_id, e.event_data
    from ledger.events e
    where e.tenant_id = ledger.tenant()
      and e.idempotency_key = k.key
    offset 0
  ) e;

  for place in 1..cardinality(amounts) loop
    s := senders[place];
    r := receivers[place];
    accepted[place] := false;
    if known ? keys[place] then
      results[place] := case
        when known -> keys[place] ->> 'fromUserId' = accounts[s].user_id
          and (known -> keys[place] ->> 'amountMinor')::bigint = amounts[place]
        then jsonb_build_object('status', 'duplicate', 'id', known -> keys[place] -> 'id')
        else jsonb_build_object('status', 'rejected', 'code', 'idempotency_key_reused')
      end;
    elsif barred[s] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'quarantined');
    elsif available[s] < amounts[place] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'insufficient_funds', 'availableMinor', available[s]);
    elsif balances[r] > 9007199254740991 - amounts[place] then
      results[place] := jsonb_build_object('status', 'rejected', 'code', 'amount_out_of_range');
    else
      accepted[place] := true;
      available[s] := available[s] - amounts[place];
      available[r] := available[r] + amounts[place];
      balances[s] := balances[s] - amounts[place];
      balances[r] := balances[r] + amounts[place];
      ids[place] := uuidv7()::text;
      results[place] := jsonb_build_object('status', 'accepted', 'id', ids[place]);
      if keys[place] is not null then
        known := coalesce(known, '{}') || jsonb_build_object(keys[place], jsonb_build_object(
          'id', ids[place], 'fromUserId', accounts[s].user_id, 'amountMinor', amounts[place]
        ));
      end if;
    end if;
  end loop;

  if all_or_none and exists (select from unnest(results) one where one ->> 'status' = 'rejected') then
    return jsonb_build_object('ok', false, 'reason', 'transfers_rejected', 'results', to_jsonb(results));
  end if;

  position := core.reading_xid();
  insert into ledger.balance_events (
    tenant_id, aggregate_id, stream_version, xid, event_type, event_data, idempotency_key, actor
  )
  select ledger.tenant(), ids[t.place], leg.version, position, leg.type,
    jsonb_build_object(
      'userId', accounts[leg.account].user_id,
      'currency', accounts[leg.account].currency,
      'amountMinor', amounts[t.place]
    ),
    case leg.version when 1 then keys[t.place] end,
    by_whom
  from generate_series(1, cardinality(amounts)) t (place),
  lateral (
    values (1, 'V1_BALANCES_BALANCE_DEBITED', senders[t.place]), (2, 'V1_BALANCES_BALANCE_CREDITED', receivers[t.place])
  ) leg (version, type, account)
  where accepted[t.place]
  order by t.place, leg.version;

  return jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'accepted', (select count(*) from unnest(accepted) one where one),
    'rejected', (select count(*) from unnest(results) one where one ->> 'status' = 'rejected'),
    'results', to_jsonb(results)
  ));
end
$$;

create or replace function ledger.apply_bets_view() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ledger.bet_may_become(null, ledger.bet_state(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ledger.bets_view (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select tenant_id, aggregate_id, born ->> 'userId', (born ->> 'stakeMinor')::bigint, born ->> 'currency', (born ->> 'odds')::numeric, born ->> 'selection', born_at, state, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end, case when state not in ('placed', 'accepted') then latest_at end, stream_version
    from (
      select tenant_id, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ledger.bet_state(event_type) as state
      from arrived
    ) e
    order by tenant_id, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from arrived e
        group by e.tenant_id, e.aggregate_id
      ) stream
  ),
  moved as (
    insert into ledger.bets_view as v (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select tenant_id, aggregate_id, coalesce(born ->> 'userId', ''), coalesce((born ->> 'stakeMinor')::bigint, 0), coalesce(born ->> 'currency', ''), coalesce((born ->> 'odds')::numeric, 0), coalesce(born ->> 'selection', ''), coalesce(born_at, 'epoch'), state, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end, case when state not in ('placed', 'accepted') then latest_at end, stream_version
    from streams
    order by tenant_id, aggregate_id
    on conflict (tenant_id, bet_id) do update
    set status = excluded.status, payout_minor = excluded.payout_minor, settled_at = excluded.settled_at, stream_version = excluded.stream_version
    returning with (old as prior) v.tenant_id, v.bet_id, prior.stream_version, prior.status as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.tenant_id = s.tenant_id and m.bet_id = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ledger.bet_may_become(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ledger.bet_may_become(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ledger.bet_may_become(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          detail = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', detail = to_jsonb(wrong);
end
$$;

create or replace trigger apply_bets_view
after insert on ledger.bet_events
referencing new table as arrived
for each statement
execute function ledger.apply_bets_view();

create or replace function ledger.verify_bets_view(of_scope bigint, sample integer default null)
returns table (key jsonb, expected jsonb, actual jsonb)
language sql
set search_path = ''
as $$
  with sampled as materialized (
    (
      select bet_id
      from ledger.bets_view
      where tenant_id = of_scope
      order by random()
      limit sample
    )
    union
    (
      select e.aggregate_id
      from ledger.bet_events e
      where e.tenant_id = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (
    select tenant_id, aggregate_id as bet_id, born ->> 'userId' as user_id, (born ->> 'stakeMinor')::bigint as amount_minor, born ->> 'currency' as currency, (born ->> 'odds')::numeric as odds, born ->> 'selection' as selection, born_at as placed_at, state as status, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end as payout_minor, case when state not in ('placed', 'accepted') then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.bet_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select bet_id from sampled)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  actual as materialized (
    select tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version
    from ledger.bets_view
    where tenant_id = of_scope
      and (bet_id) in (select bet_id from sampled)
  )
  select jsonb_build_object('bet_id', bet_id), to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (tenant_id, bet_id)
  where e::text is distinct from a::text
$$;

create or replace function ledger.rebuild_bets_view(of_scope bigint)
returns table (
  rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as 
    select tenant_id, aggregate_id as bet_id, born ->> 'userId' as user_id, (born ->> 'stakeMinor')::bigint as amount_minor, born ->> 'currency' as currency, (born ->> 'odds')::numeric as odds, born ->> 'selection' as selection, born_at as placed_at, state as status, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end as payout_minor, case when state not in ('placed', 'accepted') then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.bet_events e
        where e.tenant_id = of_scope
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded;
  create temp table suspects on commit drop as select bet_id from ledger.bets_view limit 0;

  with compared as materialized (
    select bet_id, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version from ledger.bets_view where tenant_id = of_scope) s using (tenant_id, bet_id)
  ),
  kept as (
    insert into pg_temp.suspects
    select bet_id
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select bet_id from pg_temp.suspects order by bet_id) suspect,
  lateral (
    select
    from ledger.bets_view v
    where v.tenant_id = of_scope
      and (v.bet_id) = (suspect.bet_id)
    for update
  ) locked;

  return query
  with folded as materialized (
    select tenant_id, aggregate_id as bet_id, born ->> 'userId' as user_id, (born ->> 'stakeMinor')::bigint as amount_minor, born ->> 'currency' as currency, (born ->> 'odds')::numeric as odds, born ->> 'selection' as selection, born_at as placed_at, state as status, case state when 'lost' then 0 else (latest ->> 'payoutMinor')::bigint end as payout_minor, case when state not in ('placed', 'accepted') then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.bet_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.bet_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select bet_id from pg_temp.suspects)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  seen as materialized (
    select tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version
    from ledger.bets_view
    where tenant_id = of_scope
      and (bet_id) in (select bet_id from pg_temp.suspects)
  ),
  compared as materialized (
    select tenant_id, bet_id, f as folded, s as seen
    from folded f
    full join seen s using (tenant_id, bet_id)
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ledger.bets_view (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, placed_at, status, payout_minor, settled_at, stream_version)
    select (folded).tenant_id, (folded).bet_id, (folded).user_id, (folded).amount_minor, (folded).currency, (folded).odds, (folded).selection, (folded).placed_at, (folded).status, (folded).payout_minor, (folded).settled_at, (folded).stream_version
    from wrong
    where seen is null
  ),
  changed as (
    update ledger.bets_view v
    set user_id = (c.folded).user_id,
        amount_minor = (c.folded).amount_minor,
        currency = (c.folded).currency,
        odds = (c.folded).odds,
        selection = (c.folded).selection,
        placed_at = (c.folded).placed_at,
        status = (c.folded).status,
        payout_minor = (c.folded).payout_minor,
        settled_at = (c.folded).settled_at,
        stream_version = (c.folded).stream_version
    from wrong c
    where v.tenant_id = c.tenant_id and v.bet_id = c.bet_id
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ledger.bets_view v
    using wrong c
    where v.tenant_id = c.tenant_id and v.bet_id = c.bet_id
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(jsonb_build_object('bet_id', bet_id)) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$$;

create or replace function ledger.apply_payments_view() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  births boolean;
  wrong record;
begin
  select bool_and(stream_version = 1 and ledger.payment_may_become(null, ledger.payment_state(event_type)))
  into births
  from arrived;
  if births is null then
    return null;
  end if;

  -- Most batches begin streams and continue none: then every event is a stream of its own.
  if births then
    insert into ledger.payments_view (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select tenant_id, aggregate_id, split_part(state, ' ', 1), born ->> 'userId', (born ->> 'amountMinor')::bigint, born ->> 'currency', born_at, split_part(state, ' ', 2), case when state not like '% requested' then latest_at end, stream_version
    from (
      select tenant_id, aggregate_id, stream_version, event_data as born, occurred_at as born_at, event_data as latest,
        occurred_at as latest_at, ledger.payment_state(event_type) as state
      from arrived
    ) e
    order by tenant_id, aggregate_id;
    return null;
  end if;

  -- Race: two appends to one stream. The second waits here for the first's row, and judges what it then finds. A row
  -- that should have been there is noticed below and rolled back, neutral values and all.
  with streams as materialized (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from arrived e
        group by e.tenant_id, e.aggregate_id
      ) stream
  ),
  moved as (
    insert into ledger.payments_view as v (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select tenant_id, aggregate_id, coalesce(split_part(state, ' ', 1), ''), coalesce(born ->> 'userId', ''), coalesce((born ->> 'amountMinor')::bigint, 0), coalesce(born ->> 'currency', ''), coalesce(born_at, 'epoch'), split_part(state, ' ', 2), case when state not like '% requested' then latest_at end, stream_version
    from streams
    order by tenant_id, aggregate_id
    on conflict (tenant_id, payment_id) do update
    set status = excluded.status, settled_at = excluded.settled_at, stream_version = excluded.stream_version
    returning with (old as prior) v.tenant_id, v.payment_id, prior.stream_version, prior.kind || ' ' || prior.status as was
  )
  select s.aggregate_id, coalesce(m.stream_version, 0) as current, s.first_version, s.gapless, m.was, s.path
  into wrong
  from streams s
  join moved m on m.tenant_id = s.tenant_id and m.payment_id = s.aggregate_id
  where s.first_version <> coalesce(m.stream_version, 0) + 1
    or not s.gapless
    or not ledger.payment_may_become(m.was, s.path[1])
    or exists (
      select from generate_series(2, cardinality(s.path)) step
      where not ledger.payment_may_become(s.path[step - 1], s.path[step])
    )
  limit 1;
  if not found then
    return null;
  end if;
  if wrong.gapless and wrong.first_version = wrong.current + 1 then
    for step in 1..cardinality(wrong.path) loop
      if not ledger.payment_may_become(wrong.was, wrong.path[step]) then
        raise exception using errcode = 'LS105', message = 'no lawful step',
          detail = jsonb_build_object('aggregate_id', wrong.aggregate_id, 'was', wrong.was, 'becomes', wrong.path[step]);
      end if;
      wrong.was := wrong.path[step];
    end loop;
  end if;
  raise exception using errcode = 'LS101', message = 'a version is missing or taken', detail = to_jsonb(wrong);
end
$$;

create or replace trigger apply_payments_view
after insert on ledger.payment_events
referencing new table as arrived
for each statement
execute function ledger.apply_payments_view();

create or replace function ledger.verify_payments_view(of_scope bigint, sample integer default null)
returns table (key jsonb, expected jsonb, actual jsonb)
language sql
set search_path = ''
as $$
  with sampled as materialized (
    (
      select payment_id
      from ledger.payments_view
      where tenant_id = of_scope
      order by random()
      limit sample
    )
    union
    (
      select e.aggregate_id
      from ledger.payment_events e
      where e.tenant_id = of_scope
      order by e.xid desc, e.seq desc
      limit sample
    )
  ),
  expected as materialized (
    select tenant_id, aggregate_id as payment_id, split_part(state, ' ', 1) as kind, born ->> 'userId' as user_id, (born ->> 'amountMinor')::bigint as amount_minor, born ->> 'currency' as currency, born_at as requested_at, split_part(state, ' ', 2) as status, case when state not like '% requested' then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.payment_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select payment_id from sampled)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  actual as materialized (
    select tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version
    from ledger.payments_view
    where tenant_id = of_scope
      and (payment_id) in (select payment_id from sampled)
  )
  select jsonb_build_object('payment_id', payment_id), to_jsonb(e), to_jsonb(a)
  from expected e
  full join actual a using (tenant_id, payment_id)
  where e::text is distinct from a::text
$$;

create or replace function ledger.rebuild_payments_view(of_scope bigint)
returns table (
  rows_before bigint, rows_after bigint, checksum_before numeric, checksum_after numeric, mended bigint, differing jsonb
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  agreed bigint;
  agreed_checksum numeric;
begin
  drop table if exists pg_temp.rebuilt, pg_temp.suspects;
  create temp table rebuilt on commit drop as 
    select tenant_id, aggregate_id as payment_id, split_part(state, ' ', 1) as kind, born ->> 'userId' as user_id, (born ->> 'amountMinor')::bigint as amount_minor, born ->> 'currency' as currency, born_at as requested_at, split_part(state, ' ', 2) as status, case when state not like '% requested' then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.payment_events e
        where e.tenant_id = of_scope
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded;
  create temp table suspects on commit drop as select payment_id from ledger.payments_view limit 0;

  with compared as materialized (
    select payment_id, f::text as folded, s::text as seen
    from pg_temp.rebuilt f
    full join (select tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version from ledger.payments_view where tenant_id = of_scope) s using (tenant_id, payment_id)
  ),
  kept as (
    insert into pg_temp.suspects
    select payment_id
    from compared
    where folded is distinct from seen
  )
  select count(*), coalesce(sum(hashtextextended(seen, 0)), 0)
  into agreed, agreed_checksum
  from compared
  where folded is not distinct from seen;

  -- Race: a writer between the fold and now. Once its row is locked a key stands still; the statement after this one
  -- has a snapshot newer than the locks.
  perform
  from (select payment_id from pg_temp.suspects order by payment_id) suspect,
  lateral (
    select
    from ledger.payments_view v
    where v.tenant_id = of_scope
      and (v.payment_id) = (suspect.payment_id)
    for update
  ) locked;

  return query
  with folded as materialized (
    select tenant_id, aggregate_id as payment_id, split_part(state, ' ', 1) as kind, born ->> 'userId' as user_id, (born ->> 'amountMinor')::bigint as amount_minor, born ->> 'currency' as currency, born_at as requested_at, split_part(state, ' ', 2) as status, case when state not like '% requested' then latest_at end as settled_at, stream_version as stream_version
    from (
      select tenant_id, aggregate_id, first_version, stream_version, path,
        data[1] as born, at[1] as born_at, data[events] as latest, at[events] as latest_at, path[events] as state,
        stream_version - first_version + 1 = events as gapless
      from (
        select e.tenant_id, e.aggregate_id,
          min(e.stream_version) as first_version,
          max(e.stream_version) as stream_version,
          count(*) as events,
          array_agg(ledger.payment_state(e.event_type) order by e.stream_version) as path,
          array_agg(e.event_data order by e.stream_version) as data,
          array_agg(e.occurred_at order by e.stream_version) as at
        from ledger.payment_events e
        where e.tenant_id = of_scope and (e.aggregate_id) in (select payment_id from pg_temp.suspects)
        group by e.tenant_id, e.aggregate_id
      ) stream
    ) folded
  ),
  seen as materialized (
    select tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version
    from ledger.payments_view
    where tenant_id = of_scope
      and (payment_id) in (select payment_id from pg_temp.suspects)
  ),
  compared as materialized (
    select tenant_id, payment_id, f as folded, s as seen
    from folded f
    full join seen s using (tenant_id, payment_id)
  ),
  wrong as materialized (
    select *
    from compared
    where folded::text is distinct from seen::text
  ),
  added as (
    insert into ledger.payments_view (tenant_id, payment_id, kind, user_id, amount_minor, currency, requested_at, status, settled_at, stream_version)
    select (folded).tenant_id, (folded).payment_id, (folded).kind, (folded).user_id, (folded).amount_minor, (folded).currency, (folded).requested_at, (folded).status, (folded).settled_at, (folded).stream_version
    from wrong
    where seen is null
  ),
  changed as (
    update ledger.payments_view v
    set kind = (c.folded).kind,
        user_id = (c.folded).user_id,
        amount_minor = (c.folded).amount_minor,
        currency = (c.folded).currency,
        requested_at = (c.folded).requested_at,
        status = (c.folded).status,
        settled_at = (c.folded).settled_at,
        stream_version = (c.folded).stream_version
    from wrong c
    where v.tenant_id = c.tenant_id and v.payment_id = c.payment_id
      and not c.folded is null
      and not c.seen is null
  ),
  removed as (
    delete from ledger.payments_view v
    using wrong c
    where v.tenant_id = c.tenant_id and v.payment_id = c.payment_id
      and c.folded is null
  )
  select
    agreed + count(*) filter (where not seen is null),
    agreed + count(*) filter (where not folded is null),
    agreed_checksum + coalesce(sum(hashtextextended(seen::text, 0)), 0),
    agreed_checksum + coalesce(sum(hashtextextended(folded::text, 0)), 0),
    (select count(*) from wrong),
    coalesce((select jsonb_agg(jsonb_build_object('payment_id', payment_id)) from (select * from wrong limit 100) shown), '[]')
  from compared;
end
$$;

create or replace function ledger.fold_waiting(most integer) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  free ledger.account_changes[];
begin
  select array_agg(row(b.tenant_id, b.user_id, b.currency, null, null, null, null, null)::ledger.account_changes)
  into free
  from (select distinct tenant_id, user_id, currency from ledger.balance_deltas order by 1, 2, 3 limit most) d,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = d.tenant_id
      and b.user_id = d.user_id
      and b.currency = d.currency
    for update skip locked
  ) b;
  perform ledger.fold_deltas(free);
  return coalesce(cardinality(free), 0);
end
$$;
revoke execute on function ledger.fold_waiting(integer) from public;
grant execute on function ledger.fold_waiting(integer) to lockstep_app;

create or replace function ledger.find_differences(of_tenant bigint, sample integer)
returns table (kind text, subject text, user_id text, currency text, evidence jsonb)
language sql
set search_path = ''
as $$
  select 'balance', concat_ws(':', d.key ->> 'user_id', d.key ->> 'currency'), d.key ->> 'user_id', d.key ->> 'currency',
    jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_user_balances_view(of_tenant, sample) d
  union all
  select 'bet', d.key ->> 'bet_id', coalesce(d.expected, d.actual) ->> 'user_id', coalesce(d.expected, d.actual) ->> 'currency',
    jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_bets_view(of_tenant, sample) d
  union all
  select 'payment', d.key ->> 'payment_id', coalesce(d.expected, d.actual) ->> 'user_id',
    coalesce(d.expected, d.actual) ->> 'currency', jsonb_build_object('expected', d.expected, 'actual', d.actual)
  from ledger.verify_payments_view(of_tenant, sample) d
  union all
  select 'negative', concat_ws(':', b.user_id, b.currency), b.user_id, b.currency, to_jsonb(b)
  from ledger.user_balances b
  where b.tenant_id = of_tenant
    and (b.reserved_minor < 0 or b.available_minor < 0 and not b.may_go_negative)
  union all
  select 'hold', concat_ws(':', user_id, currency), user_id, currency,
    jsonb_build_object('heldMinor', held, 'openMinor', open)
  from (
    select b.user_id, b.currency, b.reserved_minor as held
    from ledger.user_balances b
    where b.tenant_id = of_tenant
      and b.reserved_minor <> 0
  ) holds
  full join (
    select o.user_id, o.currency, sum(o.amount_minor)::bigint as open
    from (
      select v.user_id, v.currency, v.amount_minor
      from ledger.bets_view v
      where v.tenant_id = of_tenant
        and v.open
      union all
      select p.user_id, p.currency, p.amount_minor
      from ledger.payments_view p
      where p.tenant_id = of_tenant
        and p.open
        and p.kind = 'withdrawal'
    ) o
    group by o.user_id, o.currency
  ) opened using (user_id, currency)
  where held is distinct from open
$$;

create or replace function ledger.check_invariants(sample integer) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  begun timestamptz := clock_timestamp();
  tenant bigint;
  checked integer := 0;
  found integer;
  barred integer;
  different integer := 0;
  quarantined integer := 0;
begin
  for tenant in
    with recursive tenants as (
      (select tenant_id from ledger.user_balances_view order by tenant_id limit 1)
      union all
      select (select b.tenant_id from ledger.user_balances_view b where b.tenant_id > t.tenant_id order by b.tenant_id limit 1)
      from tenants t
      where t.tenant_id is not null
    )
    select t.tenant_id
    from tenants t
    left join ledger.invariant_checks c using (tenant_id)
    where t.tenant_id is not null
    order by c.checked_at nulls first
  loop
    exit when clock_timestamp() > begun + interval '4 seconds';
    with different as materialized (
      select d.*
      from ledger.find_differences(tenant, sample) d
      left join ledger.alerts a
        on a.tenant_id = tenant and a.kind = d.kind and a.subject = d.subject and a.resolved_at is null
      order by a.id is not null
      limit 5000
    ),
    raised as (
      insert into ledger.alerts as a (tenant_id, kind, subject, user_id, currency, evidence)
      select tenant, d.kind, d.subject, d.user_id, d.currency, d.evidence
      from different d
      on conflict (tenant_id, kind, subject) where resolved_at is null do update
      set evidence = excluded.evidence, seen_at = now()
    ),
    held_back as (
      insert into ledger.system_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select tenant, d.account, coalesce((
          select max(e.stream_version)
          from ledger.system_events e
          where e.tenant_id = tenant
            and e.aggregate_id = d.account
        ), 0) + 1,
        'V1_SYSTEM_ACCOUNT_QUARANTINED',
        jsonb_build_object('userId', d.user_id, 'currency', d.currency, 'reason', d.kind, 'evidence', d.evidence),
        'system:invariants'
      from (
        select distinct on (user_id, currency) *, user_id || ':' || currency as account
        from different
        where user_id is not null
        order by user_id, currency
      ) d
      left join ledger.user_balances_view b
        on b.tenant_id = tenant and b.user_id = d.user_id and b.currency = d.currency
      where b.quarantined_at is null
      returning tenant_id, aggregate_id, event_data
    ),
    told as (
      insert into core.outbox (topic, audience, subject, type, data)
      select 'ledger', 'tenant:' || tenant_id, 'account:' || aggregate_id, 'account.quarantined', event_data
      from held_back
    )
    select (select count(*) from different), (select count(*) from held_back)
    into found, barred;
    checked := checked + 1;
    different := different + found;
    quarantined := quarantined + barred;
    insert into ledger.invariant_checks as c (tenant_id, checked_at)
    values (tenant, clock_timestamp())
    on conflict (tenant_id) do update set checked_at = excluded.checked_at;
  end loop;
  return jsonb_build_object(
    'rows', different, 'tenants', checked, 'differences', different, 'quarantined', quarantined,
    'outcome', case when checked = 0 then 'skipped' else 'ok' end
  );
end
$$;
revoke execute on function ledger.check_invariants(integer) from public;
grant execute on function ledger.check_invariants(integer) to lockstep_app;

grant usage on schema ledger to lockstep_app;

grant usage on sequence ledger.event_seq to lockstep_app;

grant select, insert on table ledger.bet_events to lockstep_app;

grant select, insert on table ledger.payment_events to lockstep_app;

grant select, insert on table ledger.balance_events to lockstep_app;

grant select, insert on table ledger.system_events to lockstep_app;

grant select, insert, update, delete on table ledger.bets_view to lockstep_app;

grant select, insert, update, delete on table ledger.payments_view to lockstep_app;

grant select, insert, update, delete on table ledger.user_balances_view to lockstep_app;

grant select, insert, update, delete on table ledger.balance_deltas to lockstep_app;

grant select, update on table ledger.alerts to lockstep_app;

alter table ledger.bet_events enable row level security;
alter table ledger.bet_events force row level security;

create policy of_tenant on ledger.bet_events
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.payment_events enable row level security;
alter table ledger.payment_events force row level security;

create policy of_tenant on ledger.payment_events
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.balance_events enable row level security;
alter table ledger.balance_events force row level security;

create policy of_tenant on ledger.balance_events
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.system_events enable row level security;
alter table ledger.system_events force row level security;

create policy of_tenant on ledger.system_events
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.bets_view enable row level security;
alter table ledger.bets_view force row level security;

create policy of_tenant on ledger.bets_view
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.payments_view enable row level security;
alter table ledger.payments_view force row level security;

create policy of_tenant on ledger.payments_view
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.user_balances_view enable row level security;
alter table ledger.user_balances_view force row level security;

create policy of_tenant on ledger.user_balances_view
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.balance_deltas enable row level security;
alter table ledger.balance_deltas force row level security;

create policy of_tenant on ledger.balance_deltas
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.alerts enable row level security;
alter table ledger.alerts force row level security;

create policy of_tenant on ledger.alerts
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.invariant_checks enable row level security;
alter table ledger.invariant_checks force row level security;

create policy of_tenant on ledger.invariant_checks
for all to lockstep_app
using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);

alter table ledger.bets_view set (fillfactor = 80);

alter table ledger.payments_view set (fillfactor = 80);

alter table ledger.user_balances_view set (fillfactor = 50);
