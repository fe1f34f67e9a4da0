-- Accepts or refuses each transfer on its own, in order, with the balances that the transfers before it left.
-- The function locks all accounts, decides in memory and writes the accepted transfers as one set.
-- Race: transactions that debit one of these accounts. A statement after the lock reads the balances, so they
-- are newer than the wait. A single statement would read them with the older snapshot.
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
