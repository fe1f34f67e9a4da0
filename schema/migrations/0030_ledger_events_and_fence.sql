create or replace function core.emit(topic text, audience text, subjects text[], types text[], bodies jsonb[]) returns void
language sql
set search_path = ''
as $$
  insert into core.outbox (topic, audience, subject, type, data)
  select topic, audience, e.subject, e.type, e.body
  from unnest(subjects, types, bodies) with ordinality as e (subject, type, body, place)
  order by e.place;
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

create or replace function ledger.emit_overdrawn() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform core.emit('ledger', 'tenant:' || new.tenant_id, array['account:' || new.user_id || ':' || new.currency],
    array['account.overdrawn'], array[jsonb_build_object(
      'userId', new.user_id, 'currency', new.currency, 'balanceMinor', new.balance_minor,
      'reservedMinor', new.reserved_minor, 'availableMinor', new.available_minor
    )]);
  return null;
end
$$;

create or replace trigger emit_overdrawn
after update on ledger.user_balances_view
for each row
when (new.available_minor < 0 and old.available_minor >= 0)
execute function ledger.emit_overdrawn();

create or replace function ledger.find_wrong_hold(streams text[]) returns jsonb
language sql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  with owners as (
    select s.id, b.user_id, b.currency, case when b.open then b.amount_minor else 0 end as reserves
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.bets_view v
      where v.tenant_id = ledger.tenant()
        and v.bet_id between s.id and s.id
      order by v.bet_id
      limit 1
    ) b
    union all
    select s.id, p.user_id, p.currency, case when p.open and p.kind = 'withdrawal' then p.amount_minor else 0 end
    from unnest(streams) s (id),
    lateral (
      select *
      from ledger.payments_view v
      where v.tenant_id = ledger.tenant()
        and v.payment_id between s.id and s.id
      order by v.payment_id
      limit 1
    ) p
  ),
  holds as (
    select s.id, e.user_id, e.currency, sum(e.reserved_delta)::bigint as held
    from unnest(streams) s (id),
    lateral (
      select e.user_id, e.currency, e.reserved_delta
      from ledger.balance_events e
      where e.tenant_id = ledger.tenant()
        and e.aggregate_id = s.id
      order by e.stream_version
      offset 0
    ) e
    group by s.id, e.user_id, e.currency
  )
  select jsonb_build_object(
    'aggregate_id', id, 'user_id', user_id, 'currency', currency, 'held', coalesce(held, 0), 'reserves', coalesce(reserves, 0)
  )
  from owners
  full join holds using (id, user_id, currency)
  where coalesce(held, 0) <> coalesce(reserves, 0)
  order by id
  limit 1
$$;

create or replace function ledger.emit_appended(events ledger.incoming_events[]) returns void
language sql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  select core.emit(
    'ledger', 'tenant:' || ledger.tenant(),
    array_agg(told.subject order by f.family, f.aggregate_id, f.stream_version),
    array_agg(told.type order by f.family, f.aggregate_id, f.stream_version),
    array_agg(told.data order by f.family, f.aggregate_id, f.stream_version)
  )
  from unnest(events) f,
  lateral (
    select 'bet:' || f.aggregate_id as subject, 'bet.' || ledger.bet_state(f.event_type) as type, jsonb_build_object(
      'id', b.bet_id, 'userId', b.user_id, 'stakeMinor', b.amount_minor, 'currency', b.currency, 'odds', b.odds::text,
      'selection', b.selection, 'status', ledger.bet_state(f.event_type),
      'payoutMinor', case ledger.bet_state(f.event_type)
        when 'lost' then 0
        else (f.event_data ->> 'payoutMinor')::bigint
      end,
      'placedAt', core.iso(b.placed_at),
      'settledAt', case when ledger.bet_state(f.event_type) not in ('placed', 'accepted') then core.iso(f.occurred_at) end,
      'streamVersion', f.stream_version
    ) as data
    from (
      select *
      from ledger.bets_view v
      where f.family = 'bets' and v.tenant_id = ledger.tenant() and v.bet_id between f.aggregate_id and f.aggregate_id
      order by v.bet_id
      limit 1
    ) b
    union all
    select 'payment:' || f.aggregate_id, replace(ledger.payment_state(f.event_type), ' ', '.'), jsonb_build_object(
      'id', p.payment_id, 'kind', p.kind, 'userId', p.user_id, 'amountMinor', p.amount_minor, 'currency', p.currency,
      'status', split_part(ledger.payment_state(f.event_type), ' ', 2),
      'requestedAt', core.iso(p.requested_at),
      'settledAt', case when ledger.payment_state(f.event_type) not like '% requested' then core.iso(f.occurred_at) end,
      'streamVersion', f.stream_version
    )
    from (
      select *
      from ledger.payments_view v
      where f.family = 'payments' and v.tenant_id = ledger.tenant() and v.payment_id between f.aggregate_id and f.aggregate_id
      order by v.payment_id
      limit 1
    ) p
    union all
    select 'account:' || (f.event_data ->> 'userId') || ':' || (f.event_data ->> 'currency'),
      'balance.' || lower(split_part(f.event_type, '_', 4)),
      f.event_data || jsonb_build_object(
        'cause', f.aggregate_id, 'streamVersion', f.stream_version, 'occurredAt', core.iso(f.occurred_at)
      )
    where f.family = 'balances'
    offset 0
  ) told
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
        insert into ledger.user_balances_view (tenant_id, user_id, currency)
        select distinct ledger.tenant(), f.event_data ->> 'userId', f.event_data ->> 'currency'
        from unnest(fresh) f
        where f.family = 'balances'
        order by 1, 2, 3
        on conflict do nothing;
        perform
        from (
          select distinct f.event_data ->> 'userId' as user_id, f.event_data ->> 'currency' as currency
          from unnest(fresh) f
          where f.family = 'balances'
          order by 1, 2
        ) f,
        lateral (
          select
          from ledger.user_balances_view b
          where b.tenant_id = ledger.tenant()
            and b.user_id = f.user_id
            and b.currency = f.currency
          for update
        ) locked;
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
as $$
declare
  accounts ledger.account_changes[];
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
      select ledger.next_tenant(0) as tenant_id
      union all
      select ledger.next_tenant(t.tenant_id)
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
      returning 1
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
