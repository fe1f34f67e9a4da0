create or replace function ledger.create_accounts(accounts ledger.account_changes[]) returns ledger.account_changes[]
language sql
set search_path = ''
set enable_seqscan = off
as $$
  with created as (
    insert into ledger.user_balances_view (tenant_id, user_id, currency)
    select a.tenant_id, a.user_id, a.currency
    from unnest(accounts) a
    where not exists (
      select
      from ledger.user_balances_view b
      where b.tenant_id = a.tenant_id and b.user_id = a.user_id and b.currency = a.currency
    )
    order by a.tenant_id, a.user_id, a.currency
    on conflict do nothing
    returning tenant_id, user_id, currency
  )
  select array_agg(row(c.tenant_id, c.user_id, c.currency, null, null, null, null, null)::ledger.account_changes)
  from created c
$$;

create or replace function ledger.take_accounts(accounts ledger.account_changes[]) returns ledger.account_changes[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  created ledger.account_changes[] := ledger.create_accounts(accounts);
begin
  perform
  from unnest(accounts) a,
  lateral (
    select
    from ledger.user_balances_view b
    where b.tenant_id = a.tenant_id and b.user_id = a.user_id and b.currency = a.currency
    for update
  ) locked;
  return created;
end
$$;

create or replace function ledger.drop_untouched(created ledger.account_changes[]) returns void
language sql
set search_path = ''
set enable_seqscan = off
as $$
  delete from ledger.user_balances_view b
  using unnest(created) c
  where b.tenant_id = c.tenant_id
    and b.user_id = c.user_id
    and b.currency = c.currency
    and b.last_seq = 0
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

  select b.user_id, b.currency, b.available_minor, b.quarantined_at
  into wrong
  from unnest(rest) c,
  lateral (
    select *
    from ledger.user_balances_view b
    where b.tenant_id = c.tenant_id and b.user_id = c.user_id and b.currency = c.currency
    offset 0
  ) b
  limit 1;
  raise exception using
    errcode = case when wrong.quarantined_at is null then 'LS102' else 'LS103' end,
    message = 'the account does not allow it',
    column = to_jsonb(wrong);
end
$$;

create or replace function ledger.apply_user_balances_view() returns trigger
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
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
    perform ledger.create_accounts(changes);
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
        column = to_jsonb(wrong);
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
      raise exception using errcode = 'LS103', message = 'the account is quarantined', column = to_jsonb(account);
    end if;
    if account.available_minor + change.lowest < least(0, account.available_minor) and not account.may_go_negative then
      raise exception using errcode = 'LS102', message = 'there is not enough', column = to_jsonb(account);
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

create or replace function ledger.apply_notices() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  notice record;
begin
  perform ledger.create_accounts(array_agg(
    row(a.tenant_id, a.user_id, a.currency, null, null, null, null, null)::ledger.account_changes
  ))
  from (select distinct tenant_id, user_id, currency from arrived) a;
  for notice in select * from arrived order by tenant_id, user_id, currency, seq loop
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
    perform core.emit('ledger', 'tenant:' || notice.tenant_id, array['account:' || notice.aggregate_id],
      array[case notice.event_type
        when 'V1_SYSTEM_ACCOUNT_QUARANTINED' then 'account.quarantined'
        when 'V1_SYSTEM_ACCOUNT_CLEARED' then 'account.cleared'
        when 'V1_SYSTEM_OVERDRAFT_ALLOWED' then 'account.overdraft_allowed'
        when 'V1_SYSTEM_OVERDRAFT_FORBIDDEN' then 'account.overdraft_forbidden'
      end],
      array[notice.event_data]);
  end loop;
  return null;
end
$$;

create or replace function ledger.append_events(events jsonb, by_whom text) returns jsonb
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
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
  takes boolean;
  appended integer;
  holders text[];
  streams ledger.incoming_events[];
  wrong jsonb;
begin
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
      -- Materialized: looked up once a stream, not twice an event.
      streams as materialized (
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

      select count(*), coalesce(bool_or(f.event_type in ('V1_BALANCES_BALANCE_DEBITED', 'V1_BALANCES_BALANCE_RESERVED')), false)
      into appended, takes
      from unnest(fresh) f;
      select array_agg(distinct f.aggregate_id)
      into holders
      from unnest(fresh) f
      where f.family <> 'balances' or f.event_type in ('V1_BALANCES_BALANCE_RESERVED', 'V1_BALANCES_BALANCE_RELEASED');
      streams := fresh;
      position := core.reading_xid();
      if exists (select from unnest(fresh) f where f.family = 'bets') then
        insert into ledger.bet_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'bets'
        order by f.aggregate_id, f.stream_version;
      end if;
      if exists (select from unnest(fresh) f where f.family = 'payments') then
        insert into ledger.payment_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'payments'
        order by f.aggregate_id, f.stream_version;
      end if;
      if takes then
        perform ledger.take_accounts(array_agg(
          row(ledger.tenant(), a.user_id, a.currency, null, null, null, null, null)::ledger.account_changes
          order by a.user_id, a.currency
        ))
        from (
          select distinct f.event_data ->> 'userId' as user_id, f.event_data ->> 'currency' as currency
          from unnest(fresh) f
          where f.family = 'balances'
        ) a;
        position := core.reading_xid();
        select array_agg(
          row(f.place, f.family, f.aggregate_id, f.event_type, f.event_data, f.idempotency_key, f.expected_version,
            f.occurred_at, f.stream_version, nextval('ledger.event_seq'))::ledger.incoming_events
        )
        into fresh
        from (select * from unnest(fresh) f where f.family = 'balances' order by f.place) f;
      end if;
      if exists (select from unnest(fresh) f where f.family = 'balances') then
        insert into ledger.balance_events (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = 'balances'
        order by f.aggregate_id, f.stream_version;
      end if;
      -- Without its hold a bet could never be settled, voided or cancelled.
      wrong := ledger.find_wrong_hold(holders);
      if wrong is not null then
        raise exception using errcode = 'LS106', message = 'the stream holds another amount than it reserves', column = wrong;
      end if;
      perform ledger.emit_appended(streams);
      return jsonb_build_object('ok', true, 'value', jsonb_build_object(
        'appended', appended,
        'duplicates', cardinality(incoming) - appended
      ));
    exception
      when unique_violation then
        if attempt = 5 then
          raise;
        end if;
      when sqlstate 'LS101' or sqlstate 'LS102' or sqlstate 'LS103' or sqlstate 'LS104' or sqlstate 'LS105'
        or sqlstate 'LS106' or check_violation or numeric_value_out_of_range
      then
        get stacked diagnostics state = returned_sqlstate, broken = constraint_name, about = column_name;
        return ledger.refusal(state, broken, case when state like 'LS%' then about::jsonb end);
    end;
  end loop;
end
$$;

create or replace function ledger.transfer(transfers jsonb, all_or_none boolean, by_whom text) returns jsonb
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  accounts ledger.account_changes[];
  created ledger.account_changes[];
  senders integer[];
  receivers integer[];
  amounts bigint[];
  keys text[];
  known jsonb;
  said jsonb;
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

  created := ledger.take_accounts(accounts);
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

  -- A key of a transfer says everything that the transfer acts on. The key of another event says nothing, so it
  -- contradicts every transfer.
  select jsonb_object_agg(k.key, jsonb_build_object('id', e.aggregate_id, 'said', (
    select jsonb_build_array(e.event_data -> 'userId', credit.event_data -> 'userId', e.event_data -> 'currency', e.event_data -> 'amountMinor')
    from ledger.balance_events credit
    where credit.tenant_id = ledger.tenant()
      and credit.aggregate_id = e.aggregate_id
      and credit.stream_version = 2
      and credit.event_type = 'V1_BALANCES_BALANCE_CREDITED'
      and e.event_type = 'V1_BALANCES_BALANCE_DEBITED'
      and e.stream_version = 1
  )))
  into known
  from unnest(keys) k (key),
  lateral (
    select e.aggregate_id, e.event_type, e.event_data, e.stream_version
    from ledger.events e
    where e.tenant_id = ledger.tenant()
      and e.idempotency_key = k.key
    offset 0
  ) e;

  for place in 1..cardinality(amounts) loop
    s := senders[place];
    r := receivers[place];
    said := jsonb_build_array(accounts[s].user_id, accounts[r].user_id, accounts[s].currency, amounts[place]);
    accepted[place] := false;
    if known ? keys[place] then
      results[place] := case known -> keys[place] -> 'said'
        when said then jsonb_build_object('status', 'duplicate', 'id', known -> keys[place] -> 'id')
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
        known := coalesce(known, '{}') || jsonb_build_object(keys[place], jsonb_build_object('id', ids[place], 'said', said));
      end if;
    end if;
  end loop;

  if all_or_none and exists (select from unnest(results) one where one ->> 'status' = 'rejected') then
    perform ledger.drop_untouched(created);
    -- No transfer is made, so none is accepted, and none is a duplicate of one in this batch.
    return jsonb_build_object('ok', false, 'reason', 'transfers_rejected', 'results', (
      select jsonb_agg(
        case when one ->> 'id' = any (ids) then jsonb_build_object('status', 'skipped') else one end
        order by place
      )
      from unnest(results) with ordinality as r (one, place)
    ));
  end if;

  -- Readers of the feed must see a writer before it takes its place.
  lock table ledger.balance_events in row exclusive mode;
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

  perform ledger.drop_untouched(created);

  perform core.emit('ledger', 'tenant:' || ledger.tenant(), array_agg('transfer:' || ids[t.place] order by t.place),
    array_agg('transfer.accepted'::text order by t.place), array_agg(jsonb_build_object(
      'id', ids[t.place], 'fromUserId', accounts[senders[t.place]].user_id, 'toUserId', accounts[receivers[t.place]].user_id,
      'amountMinor', amounts[t.place], 'currency', accounts[senders[t.place]].currency
    ) order by t.place))
  from generate_series(1, cardinality(amounts)) t (place)
  where accepted[t.place];

  return jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'accepted', (select count(*) from unnest(accepted) one where one),
    'rejected', (select count(*) from unnest(results) one where one ->> 'status' = 'rejected'),
    'results', to_jsonb(results)
  ));
end
$$;
