-- Appends a batch of events, all or none.
-- Race: transactions that append to one stream or use one key. The second transaction meets the unique key of
-- the stream's version and tries again with a newer snapshot. That needs a function, because the caller has one
-- round trip.
-- The function writes the families in the order in which commands lock: bets, payments, accounts.
-- Race: a debit that waited for a credit must be ordered after it. The function therefore locks the accounts
-- before it numbers their events.
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
