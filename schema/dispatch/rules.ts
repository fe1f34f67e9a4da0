import { onEarth, oneOf, type Rules } from '../kit/rules.ts'
import { actorRoles, orderStatuses } from './states.ts'

export const courierRules: Rules = {
  couriers_name_length: 'char_length(r.name) between 1 and 200',
  couriers_capacity_range: 'r.capacity_boxes between 1 and 1000',
  couriers_held_not_negative: 'r.held_boxes >= 0',
  couriers_held_within_capacity: 'r.held_boxes <= r.capacity_boxes',
  couriers_on_earth: onEarth('last_lat', 'last_lng'),
  couriers_zone_length: 'char_length(r.zone) between 1 and 100',
  couriers_version_positive: 'r.version >= 1',
}

export const orderRules: Rules = {
  orders_status_known: oneOf('status', orderStatuses),
  // 300 characters are at most 1200 bytes. Two such addresses fit into one entry of the covering indexes (2704 bytes).
  orders_pickup_address_length: 'char_length(r.pickup_address) between 1 and 300',
  orders_delivery_address_length: 'char_length(r.delivery_address) between 1 and 300',
  orders_recipient_name_length: 'char_length(r.recipient_name) between 1 and 200',
  orders_phone_length: 'char_length(r.phone) between 1 and 40',
  orders_boxes_range: 'r.boxes_count between 1 and 200',
  orders_price_not_negative: 'r.price_minor >= 0',
  orders_currency_iso: "r.currency ~ '^[A-Z]{3}$'",
  orders_pickup_on_earth: onEarth('pickup_lat', 'pickup_lng'),
  orders_delivery_on_earth: onEarth('delivery_lat', 'delivery_lng'),
  orders_due_not_before_ready: 'r.due_at >= r.ready_at',

  orders_courier_with_status:
    "case r.status when 'new' then r.courier_id is null when 'canceled' then true else r.courier_id is not null end",
  orders_lease_with_status: "(r.lease_expires_at is not null) = (r.status = 'assigned')",
  orders_assigned_at_with_courier: '(r.assigned_at is not null) = (r.courier_id is not null)',
  orders_accepted_at_with_status: `case when r.status in ('new', 'assigned') then r.accepted_at is null
      when r.status = 'canceled' then r.accepted_at is null or r.assigned_at is not null
      else r.accepted_at is not null end`,
  orders_picked_up_at_with_status: `case when r.status in ('new', 'assigned', 'accepted') then r.picked_up_at is null
      when r.status = 'canceled' then r.picked_up_at is null or r.accepted_at is not null
      else r.picked_up_at is not null end`,
  orders_delivered_at_with_status: "(r.delivered_at is not null) = (r.status = 'delivered')",
  orders_settled_at_with_status: "r.settled_at is null or r.status = 'delivered'",
  orders_canceled_at_with_status: "(r.canceled_at is not null) = (r.status = 'canceled')",
  orders_failure_reason_with_status: `case when r.status in ('failed', 'returned') then r.failure_reason is not null
      when r.status = 'canceled' then true
      else r.failure_reason is null end`,
  orders_failure_reason_length: 'char_length(r.failure_reason) between 1 and 500',
  orders_failure_counted: 'r.attempts >= (r.failure_reason is not null)::int',
  orders_fence_with_courier: 'r.fence >= (r.courier_id is not null)::int',
  orders_version_positive: 'r.version >= 1',
}

export const orderEventRules: Rules = {
  order_events_type_shape: "r.type ~ '^[a-z][a-z_]{0,39}$'",
  order_events_from_status_known: oneOf('from_status', orderStatuses),
  order_events_to_status_known: oneOf('to_status', orderStatuses),
  order_events_actor_role_known: oneOf('actor_role', actorRoles),
  order_events_system_is_nobody: "(r.actor_role = 'system') = (r.actor_id is null)",
  order_events_fence_not_negative: 'r.fence >= 0',
  order_events_data_is_object: "jsonb_typeof(r.data) = 'object'",
}
