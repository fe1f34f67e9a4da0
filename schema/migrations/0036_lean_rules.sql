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

reset lock_timeout;
