-- Emits the events that a tenant's subscribers receive for events that were appended directly: for bets and payments the
-- same as their commands, for the others the posting itself. Data show the thing as it is after that event.
-- A range in an order leads the planner to the primary key, as in ledger.find_wrong_hold.
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
