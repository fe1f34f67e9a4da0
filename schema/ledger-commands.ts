import { type Declared, grants, sqlFunction, sqlView } from './triggers.ts'

const families = {
  bets: 'bet_events',
  payments: 'payment_events',
  balances: 'balance_events',
  system: 'system_events',
}

/** What every event has, whichever table keeps it. */
const shared = [
  'tenant_id',
  'aggregate_id',
  'stream_version',
  'id',
  'xid',
  'seq',
  'event_type',
  'event_data',
  'schema_version',
  'idempotency_key',
  'occurred_at',
  'created_at',
  'actor',
]

// Race: a credit that whoever takes here waited for must stand before it. So accounts are locked before their events are
// numbered, made first where there are none; after bets and payments, as everywhere.
const renumbering = `      if takes then
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
`

export const ledgerCommandsDeclared: Declared[] = [
  sqlView({
    name: 'ledger.events',
    create: `
create or replace view ledger.events
with (security_invoker = true)
as
${Object.entries(families)
  .map(([family, table]) => `select '${family}' as family, ${shared.join(', ')}\nfrom ledger.${table}`)
  .join('\nunion all\n')}`,
  }),
  grants({ on: 'table ledger.events', to: 'lockstep_app', privileges: ['select'] }),

  // Stake times odds, half to even; round() alone would take halves away from zero.
  sqlFunction({
    name: 'ledger.payout_of(bigint, numeric)',
    create: `
create or replace function ledger.payout_of(stake bigint, odds numeric) returns numeric
language sql immutable parallel safe
return case
  when stake * odds - trunc(stake * odds) = 0.5 and trunc(stake * odds) % 2 = 0 then trunc(stake * odds)
  else round(stake * odds)
end`,
  }),

  // What the triggers refuse, as an outcome.
  sqlFunction({
    name: 'ledger.refusal(text, text, jsonb)',
    create: `
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
$$`,
  }),

  // An event as a caller sends it, and where it will stand; for its row type.
  sqlView({
    name: 'ledger.incoming_events',
    create: `
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
where false`,
  }),

  // Race: others who append to the same streams, or use the same keys. Who comes second meets the unique key of the
  // stream's version and looks again, with a newer snapshot: that needs a function, the caller has one round trip.
  // Families are written in the order in which commands lock: bets, payments, accounts.
  sqlFunction({
    name: 'ledger.append_events(jsonb, text)',
    create: `
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
      position := core.reading_xid();
${['bets', 'payments', 'balances']
  .map(
    (
      family,
    ) => `${family === 'balances' ? renumbering : ''}      if exists (select from unnest(fresh) f where f.family = '${family}') then
        insert into ledger.${families[family as 'bets']} (
          tenant_id, aggregate_id, stream_version, xid, seq, event_type, event_data, idempotency_key, occurred_at, actor
        )
        select ledger.tenant(), f.aggregate_id, f.stream_version, position, f.seq, f.event_type, f.event_data,
          f.idempotency_key, f.occurred_at, by_whom
        from unnest(fresh) f
        where f.family = '${family}'
        order by f.aggregate_id, f.stream_version;
      end if;`,
  )
  .join('\n')}
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
        or check_violation or numeric_value_out_of_range
      then
        get stacked diagnostics state = returned_sqlstate, broken = constraint_name, about = pg_exception_detail;
        return ledger.refusal(state, broken, case when state like 'LS%' then about::jsonb end);
    end;
  end loop;
end
$$`,
  }),

  // Each is accepted or refused on its own, in order, with what the ones before it left: that is decided in memory once
  // all accounts are locked, and written as one set. A function, because what is read must be newer than the locks.
  sqlFunction({
    name: 'ledger.transfer(jsonb, boolean, text)',
    create: `
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

  return jsonb_build_object('ok', true, 'value', jsonb_build_object(
    'accepted', (select count(*) from unnest(accepted) one where one),
    'rejected', (select count(*) from unnest(results) one where one ->> 'status' = 'rejected'),
    'results', to_jsonb(results)
  ));
end
$$`,
  }),
]
