-- no-transaction
-- One statement changes the rules of one table, so no transaction holds the locks of two tables. New rows are checked
-- without a gap. A lock that waits longer than the timeout fails, and the file can be run again from its beginning.

set lock_timeout = '5s';

create or replace function core.check_outbox(r core.outbox) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (r.audience ~ '^[a-z]{2,20}:[!-~]{1,128}$') is false then 'outbox_audience_shape'
    when (jsonb_typeof(r.data) = 'object') is false then 'outbox_data_is_object'
    when (char_length(r.subject) between 1 and 200) is false then 'outbox_subject_length'
    when (r.topic ~ '^[a-z]{2,20}$') is false then 'outbox_topic_shape'
    when (r.type ~ '^[a-z][a-z_.]{1,59}$') is false then 'outbox_type_shape'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "outbox" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'core', table = 'outbox';
end
$$;

alter table core.outbox
  drop constraint if exists outbox_topic_shape,
  drop constraint if exists outbox_audience_shape,
  drop constraint if exists outbox_subject_length,
  drop constraint if exists outbox_type_shape,
  drop constraint if exists outbox_data_is_object,
  drop constraint if exists outbox_rules,
  add constraint outbox_rules check (core.check_outbox(outbox)) not valid /* 33626c7e */;

create or replace function dispatch.check_couriers(r dispatch.couriers) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (r.capacity_boxes between 1 and 1000) is false then 'couriers_capacity_range'
    when (r.held_boxes >= 0) is false then 'couriers_held_not_negative'
    when (r.held_boxes <= r.capacity_boxes) is false then 'couriers_held_within_capacity'
    when (char_length(r.name) between 1 and 200) is false then 'couriers_name_length'
    when (num_nulls(r.last_lat, r.last_lng) <> 1 and r.last_lat between -90 and 90 and r.last_lng between -180 and 180) is false then 'couriers_on_earth'
    when (r.version >= 1) is false then 'couriers_version_positive'
    when (char_length(r.zone) between 1 and 100) is false then 'couriers_zone_length'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "couriers" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'dispatch', table = 'couriers';
end
$$;

alter table dispatch.couriers
  drop constraint if exists couriers_name_length,
  drop constraint if exists couriers_capacity_range,
  drop constraint if exists couriers_held_not_negative,
  drop constraint if exists couriers_held_within_capacity,
  drop constraint if exists couriers_on_earth,
  drop constraint if exists couriers_zone_length,
  drop constraint if exists couriers_version_positive,
  drop constraint if exists couriers_rules,
  add constraint couriers_rules check (dispatch.check_couriers(couriers)) not valid /* cf06fe4c */;

create or replace function dispatch.check_orders(r dispatch.orders) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (case when r.status in ('new', 'assigned') then r.accepted_at is null
      when r.status = 'canceled' then r.accepted_at is null or r.assigned_at is not null
      else r.accepted_at is not null end) is false then 'orders_accepted_at_with_status'
    when ((r.assigned_at is not null) = (r.courier_id is not null)) is false then 'orders_assigned_at_with_courier'
    when (r.boxes_count between 1 and 200) is false then 'orders_boxes_range'
    when ((r.canceled_at is not null) = (r.status = 'canceled')) is false then 'orders_canceled_at_with_status'
    when (case r.status when 'new' then r.courier_id is null when 'canceled' then true else r.courier_id is not null end) is false then 'orders_courier_with_status'
    when (r.currency ~ '^[A-Z]{3}$') is false then 'orders_currency_iso'
    when ((r.delivered_at is not null) = (r.status = 'delivered')) is false then 'orders_delivered_at_with_status'
    when (char_length(r.delivery_address) between 1 and 300) is false then 'orders_delivery_address_length'
    when (num_nulls(r.delivery_lat, r.delivery_lng) <> 1 and r.delivery_lat between -90 and 90 and r.delivery_lng between -180 and 180) is false then 'orders_delivery_on_earth'
    when (r.due_at >= r.ready_at) is false then 'orders_due_not_before_ready'
    when (r.attempts >= (r.failure_reason is not null)::int) is false then 'orders_failure_counted'
    when (char_length(r.failure_reason) between 1 and 500) is false then 'orders_failure_reason_length'
    when (case when r.status in ('failed', 'returned') then r.failure_reason is not null
      when r.status = 'canceled' then true
      else r.failure_reason is null end) is false then 'orders_failure_reason_with_status'
    when (r.fence >= (r.courier_id is not null)::int) is false then 'orders_fence_with_courier'
    when ((r.lease_expires_at is not null) = (r.status = 'assigned')) is false then 'orders_lease_with_status'
    when (char_length(r.phone) between 1 and 40) is false then 'orders_phone_length'
    when (case when r.status in ('new', 'assigned', 'accepted') then r.picked_up_at is null
      when r.status = 'canceled' then r.picked_up_at is null or r.accepted_at is not null
      else r.picked_up_at is not null end) is false then 'orders_picked_up_at_with_status'
    when (char_length(r.pickup_address) between 1 and 300) is false then 'orders_pickup_address_length'
    when (num_nulls(r.pickup_lat, r.pickup_lng) <> 1 and r.pickup_lat between -90 and 90 and r.pickup_lng between -180 and 180) is false then 'orders_pickup_on_earth'
    when (r.price_minor >= 0) is false then 'orders_price_not_negative'
    when (char_length(r.recipient_name) between 1 and 200) is false then 'orders_recipient_name_length'
    when (r.settled_at is null or r.status = 'delivered') is false then 'orders_settled_at_with_status'
    when (r.status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')) is false then 'orders_status_known'
    when (r.version >= 1) is false then 'orders_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "orders" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'dispatch', table = 'orders';
end
$$;

alter table dispatch.orders
  drop constraint if exists orders_status_known,
  drop constraint if exists orders_pickup_address_length,
  drop constraint if exists orders_delivery_address_length,
  drop constraint if exists orders_recipient_name_length,
  drop constraint if exists orders_phone_length,
  drop constraint if exists orders_boxes_range,
  drop constraint if exists orders_price_not_negative,
  drop constraint if exists orders_currency_iso,
  drop constraint if exists orders_pickup_on_earth,
  drop constraint if exists orders_delivery_on_earth,
  drop constraint if exists orders_due_not_before_ready,
  drop constraint if exists orders_courier_with_status,
  drop constraint if exists orders_lease_with_status,
  drop constraint if exists orders_assigned_at_with_courier,
  drop constraint if exists orders_accepted_at_with_status,
  drop constraint if exists orders_picked_up_at_with_status,
  drop constraint if exists orders_delivered_at_with_status,
  drop constraint if exists orders_settled_at_with_status,
  drop constraint if exists orders_canceled_at_with_status,
  drop constraint if exists orders_failure_reason_with_status,
  drop constraint if exists orders_failure_reason_length,
  drop constraint if exists orders_failure_counted,
  drop constraint if exists orders_fence_with_courier,
  drop constraint if exists orders_version_positive,
  drop constraint if exists orders_rules,
  add constraint orders_rules check (dispatch.check_orders(orders)) not valid /* 4c14e569 */;

create or replace function dispatch.check_order_events(r dispatch.order_events) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (r.actor_role in ('admin', 'store', 'courier', 'system')) is false then 'order_events_actor_role_known'
    when (jsonb_typeof(r.data) = 'object') is false then 'order_events_data_is_object'
    when (r.fence >= 0) is false then 'order_events_fence_not_negative'
    when (r.from_status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')) is false then 'order_events_from_status_known'
    when ((r.actor_role = 'system') = (r.actor_id is null)) is false then 'order_events_system_is_nobody'
    when (r.to_status in ('new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned')) is false then 'order_events_to_status_known'
    when (r.type ~ '^[a-z][a-z_]{0,39}$') is false then 'order_events_type_shape'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "order_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'dispatch', table = 'order_events';
end
$$;

alter table dispatch.order_events
  drop constraint if exists order_events_type_shape,
  drop constraint if exists order_events_from_status_known,
  drop constraint if exists order_events_to_status_known,
  drop constraint if exists order_events_actor_role_known,
  drop constraint if exists order_events_system_is_nobody,
  drop constraint if exists order_events_fence_not_negative,
  drop constraint if exists order_events_data_is_object,
  drop constraint if exists order_events_rules,
  add constraint order_events_rules check (dispatch.check_order_events(order_events)) not valid /* 7326e592 */;

create or replace function dispatch.refuse_step_back()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if (new.fence < old.fence
    or new.version < old.version
    or new.status <> old.status and (
      old.status in ('canceled', 'returned')
      or old.status = 'delivered' and (new.status <> 'picked_up' or old.settled_at is not null)
    )
    or old.settled_at is not null and new.settled_at is distinct from old.settled_at) is not true
  then
    return new;
  end if;
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$;

create or replace trigger orders_never_step_back
before update on dispatch.orders
for each row
execute function dispatch.refuse_step_back();

create or replace function dispatch.refuse_older_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if (new.version < old.version) is not true then
    return new;
  end if;
  raise exception 'courier % cannot go from version % back to %', old.id, old.version, new.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$;

create or replace trigger couriers_never_step_back
before update on dispatch.couriers
for each row
execute function dispatch.refuse_older_version();

alter table dispatch.orders set (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.05);

create or replace function ledger.check_bet_events(r ledger.bet_events) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (ledger.bet_state(r.event_type) is not null) is false then 'bet_events_event_type_known'
    when (r.stream_version >= 1) is false then 'bet_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "bet_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'bet_events';
end
$$;

alter table ledger.bet_events
  drop constraint if exists bet_events_stream_version_positive,
  drop constraint if exists bet_events_event_type_known,
  drop constraint if exists bet_events_rules,
  add constraint bet_events_rules check (ledger.check_bet_events(bet_events)) not valid /* 6f59dcbe */;

create or replace function ledger.check_payment_events(r ledger.payment_events) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (ledger.payment_state(r.event_type) is not null) is false then 'payment_events_event_type_known'
    when (r.stream_version >= 1) is false then 'payment_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "payment_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'payment_events';
end
$$;

alter table ledger.payment_events
  drop constraint if exists payment_events_stream_version_positive,
  drop constraint if exists payment_events_event_type_known,
  drop constraint if exists payment_events_rules,
  add constraint payment_events_rules check (ledger.check_payment_events(payment_events)) not valid /* 50ed710c */;

create or replace function ledger.check_balance_events(r ledger.balance_events) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when ((r.event_data ->> 'amountMinor')::numeric between 1 and 9007199254740991) is false then 'balance_events_amount_exact'
    when (r.event_type in ('V1_BALANCES_BALANCE_CREDITED', 'V1_BALANCES_BALANCE_DEBITED', 'V1_BALANCES_BALANCE_RESERVED', 'V1_BALANCES_BALANCE_RELEASED')) is false then 'balance_events_event_type_known'
    when (r.stream_version >= 1) is false then 'balance_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "balance_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'balance_events';
end
$$;

alter table ledger.balance_events
  drop constraint if exists balance_events_stream_version_positive,
  drop constraint if exists balance_events_event_type_known,
  drop constraint if exists balance_events_amount_exact,
  drop constraint if exists balance_events_rules,
  add constraint balance_events_rules check (ledger.check_balance_events(balance_events)) not valid /* a4c7a031 */;

create or replace function ledger.check_system_events(r ledger.system_events) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (r.event_type in ('V1_SYSTEM_ACCOUNT_QUARANTINED', 'V1_SYSTEM_ACCOUNT_CLEARED', 'V1_SYSTEM_OVERDRAFT_ALLOWED', 'V1_SYSTEM_OVERDRAFT_FORBIDDEN')) is false then 'system_events_event_type_known'
    when (r.stream_version >= 1) is false then 'system_events_stream_version_positive'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "system_events" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'system_events';
end
$$;

alter table ledger.system_events
  drop constraint if exists system_events_stream_version_positive,
  drop constraint if exists system_events_event_type_known,
  drop constraint if exists system_events_rules,
  add constraint system_events_rules check (ledger.check_system_events(system_events)) not valid /* bd7a668c */;

create or replace function ledger.check_user_balances_view(r ledger.user_balances_view) returns boolean
language plpgsql immutable
as $$
declare
  broken text;
begin
  broken := case
    when (r.balance_minor - r.reserved_minor >= 0 or r.may_go_negative) is false then 'user_balances_view_available'
    when (r.balance_minor between -9007199254740991 and 9007199254740991) is false then 'user_balances_view_exact'
    when (r.reserved_minor >= 0) is false then 'user_balances_view_reserved'
  end;
  if broken is null then
    return true;
  end if;
  raise exception 'new row for relation "user_balances_view" violates check constraint "%"', broken
    using errcode = 'check_violation', constraint = broken, schema = 'ledger', table = 'user_balances_view';
end
$$;

alter table ledger.user_balances_view
  drop constraint if exists user_balances_view_reserved,
  drop constraint if exists user_balances_view_available,
  drop constraint if exists user_balances_view_exact,
  drop constraint if exists user_balances_view_rules,
  add constraint user_balances_view_rules check (ledger.check_user_balances_view(user_balances_view)) not valid /* 5d4d63a6 */;

create or replace function ledger.transfer(transfers jsonb, all_or_none boolean, by_whom text) returns jsonb
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
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

reset lock_timeout;

-- Validation reads every row under a lock that blocks no reader and no writer.

alter table core.outbox validate constraint outbox_rules /* 33626c7e */;

alter table dispatch.couriers validate constraint couriers_rules /* cf06fe4c */;

alter table dispatch.orders validate constraint orders_rules /* 4c14e569 */;

alter table dispatch.order_events validate constraint order_events_rules /* 7326e592 */;

alter table ledger.bet_events validate constraint bet_events_rules /* 6f59dcbe */;

alter table ledger.payment_events validate constraint payment_events_rules /* 50ed710c */;

alter table ledger.balance_events validate constraint balance_events_rules /* a4c7a031 */;

alter table ledger.system_events validate constraint system_events_rules /* bd7a668c */;

alter table ledger.user_balances_view validate constraint user_balances_view_rules /* 5d4d63a6 */;

-- A lean index is built beside the old one and then takes its name, so a list always has an index.

create index concurrently if not exists idx_orders_list_lean
on dispatch.orders using btree (status, created_at desc, id desc);

drop index concurrently if exists dispatch.idx_orders_list;

alter index dispatch.idx_orders_list_lean rename to idx_orders_list;

comment on index dispatch.idx_orders_list is 'GET /v1/dispatch/orders?status=, newest first';

create index concurrently if not exists idx_orders_store_lean
on dispatch.orders using btree (store_id, status, created_at desc, id desc);

drop index concurrently if exists dispatch.idx_orders_store;

alter index dispatch.idx_orders_store_lean rename to idx_orders_store;

comment on index dispatch.idx_orders_store is 'GET /v1/dispatch/orders of one store, newest first';
