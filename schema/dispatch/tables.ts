import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  char,
  check,
  doublePrecision,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  time,
} from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed, version, writtenBy } from '../kit/columns.ts'
import { actorRoles, orderStatuses } from './states.ts'

export const dispatch = pgSchema('dispatch')

export const stores = dispatch.table(
  'stores',
  {
    id: id(),
    name: text('name').notNull(),
    pickupAddress: text('pickup_address').notNull(),
    lat: doublePrecision('lat'),
    lng: doublePrecision('lng'),
    boxLimit: integer('box_limit'),
    opensAt: time('opens_at'),
    closesAt: time('closes_at'),
    timeZone: text('time_zone').notNull().default('UTC'),
    version: version(),
    createdAt: createdAt(),
  },
  () => [
    check('stores_name_length', sql`char_length(name) between 1 and 200`),
    check('stores_pickup_address_length', sql`char_length(pickup_address) between 1 and 300`),
    check('stores_on_earth', onEarth('lat', 'lng')),
    check('stores_box_limit_range', sql`box_limit between 1 and 200`),
    check('stores_hours_both_or_neither', sql`(opens_at is null) = (closes_at is null)`),
    // An unknown zone raises here once, instead of at every later read of the hours.
    check(
      'stores_time_zone_known',
      sql`(timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null`,
    ),
    check('stores_version_positive', sql`version >= 1`),
  ],
)

/** A claim locks and checks `held_boxes` on this row. A sum over orders would be older than the lock. */
export const couriers = dispatch.table(
  'couriers',
  {
    id: id(),
    name: text('name').notNull(),
    capacityBoxes: integer('capacity_boxes').notNull().default(8),
    heldBoxes: integer('held_boxes').notNull().default(0),
    available: boolean('available').notNull().default(false),
    lastLat: doublePrecision('last_lat'),
    lastLng: doublePrecision('last_lng'),
    lastSeenAt: instant('last_seen_at'),
    zone: text('zone'),
    version: version(),
    createdAt: createdAt(),
  },
  () => [
    check('couriers_name_length', sql`char_length(name) between 1 and 200`),
    check('couriers_capacity_range', sql`capacity_boxes between 1 and 1000`),
    check('couriers_held_not_negative', sql`held_boxes >= 0`),
    check('couriers_held_within_capacity', sql`held_boxes <= capacity_boxes`),
    check('couriers_on_earth', onEarth('last_lat', 'last_lng')),
    check('couriers_zone_length', sql`char_length(zone) between 1 and 100`),
    check('couriers_version_positive', sql`version >= 1`),
  ],
)

/**
 * An order has at most one live claim, because its holder is a column of its own row. A canceled order keeps its holder
 * and times, so that the courier can still see it.
 */
export const orders = dispatch.table(
  'orders',
  {
    id: id(),
    storeId: idOf('store_id')
      .notNull()
      .references(() => stores.id),
    status: text('status', { enum: orderStatuses }).notNull().default('new'),
    courierId: idOf('courier_id').references(() => couriers.id),
    pickupAddress: text('pickup_address').notNull(),
    deliveryAddress: text('delivery_address').notNull(),
    recipientName: text('recipient_name').notNull(),
    phone: text('phone').notNull(),
    boxesCount: integer('boxes_count').notNull(),
    priceMinor: bigint('price_minor', { mode: 'number' }).notNull(),
    currency: char('currency', { length: 3 }).notNull().default('USD'),
    pickupLat: doublePrecision('pickup_lat'),
    pickupLng: doublePrecision('pickup_lng'),
    deliveryLat: doublePrecision('delivery_lat'),
    deliveryLng: doublePrecision('delivery_lng'),
    readyAt: instant('ready_at'),
    dueAt: instant('due_at'),
    assignedAt: instant('assigned_at'),
    acceptedAt: instant('accepted_at'),
    pickedUpAt: instant('picked_up_at'),
    deliveredAt: instant('delivered_at'),
    canceledAt: instant('canceled_at'),
    settledAt: instant('settled_at'),
    leaseExpiresAt: instant('lease_expires_at'),
    fence: bigint('fence', { mode: 'number' }).notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
    failureReason: text('failure_reason'),
    version: version(),
    createdAt: createdAt(),
  },
  () => [
    check('orders_status_known', sql`status in (${listed(orderStatuses)})`),
    // 300 characters are at most 1200 bytes. Two such addresses fit into one entry of the covering indexes (2704
    // bytes).
    check('orders_pickup_address_length', sql`char_length(pickup_address) between 1 and 300`),
    check('orders_delivery_address_length', sql`char_length(delivery_address) between 1 and 300`),
    check('orders_recipient_name_length', sql`char_length(recipient_name) between 1 and 200`),
    check('orders_phone_length', sql`char_length(phone) between 1 and 40`),
    check('orders_boxes_range', sql`boxes_count between 1 and 200`),
    check('orders_price_not_negative', sql`price_minor >= 0`),
    check('orders_currency_iso', sql`currency ~ '^[A-Z]{3}$'`),
    check('orders_pickup_on_earth', onEarth('pickup_lat', 'pickup_lng')),
    check('orders_delivery_on_earth', onEarth('delivery_lat', 'delivery_lng')),
    check('orders_due_not_before_ready', sql`due_at >= ready_at`),

    check(
      'orders_courier_with_status',
      sql`case status when 'new' then courier_id is null when 'canceled' then true else courier_id is not null end`,
    ),
    check('orders_lease_with_status', sql`(lease_expires_at is not null) = (status = 'assigned')`),
    check('orders_assigned_at_with_courier', sql`(assigned_at is not null) = (courier_id is not null)`),
    check(
      'orders_accepted_at_with_status',
      sql`case when status in ('new', 'assigned') then accepted_at is null
        when status = 'canceled' then accepted_at is null or assigned_at is not null
        else accepted_at is not null end`,
    ),
    check(
      'orders_picked_up_at_with_status',
      sql`case when status in ('new', 'assigned', 'accepted') then picked_up_at is null
        when status = 'canceled' then picked_up_at is null or accepted_at is not null
        else picked_up_at is not null end`,
    ),
    check('orders_delivered_at_with_status', sql`(delivered_at is not null) = (status = 'delivered')`),
    check('orders_settled_at_with_status', sql`settled_at is null or status = 'delivered'`),
    check('orders_canceled_at_with_status', sql`(canceled_at is not null) = (status = 'canceled')`),
    check(
      'orders_failure_reason_with_status',
      sql`case when status in ('failed', 'returned') then failure_reason is not null
        when status = 'canceled' then true
        else failure_reason is null end`,
    ),
    check('orders_failure_reason_length', sql`char_length(failure_reason) between 1 and 500`),
    check('orders_failure_counted', sql`attempts >= (failure_reason is not null)::int`),
    check('orders_fence_with_courier', sql`fence >= (courier_id is not null)::int`),
    check('orders_version_positive', sql`version >= 1`),
  ],
)

/** The history of orders. The Worker may only append; readers read in commit order by (xid, id). */
export const orderEvents = dispatch.table(
  'order_events',
  {
    id: id(),
    orderId: idOf('order_id')
      .notNull()
      .references(() => orders.id),
    type: text('type').notNull(),
    fromStatus: text('from_status', { enum: orderStatuses }),
    toStatus: text('to_status', { enum: orderStatuses }).notNull(),
    actorRole: text('actor_role', { enum: actorRoles }).notNull(),
    actorId: text('actor_id'),
    courierId: idOf('courier_id'),
    fence: bigint('fence', { mode: 'number' }).notNull(),
    data: jsonb('data').notNull().default({}),
    xid: writtenBy(),
    createdAt: createdAt(),
  },
  () => [
    check('order_events_type_shape', sql`type ~ '^[a-z][a-z_]{0,39}$'`),
    check('order_events_from_status_known', sql`from_status in (${listed(orderStatuses)})`),
    check('order_events_to_status_known', sql`to_status in (${listed(orderStatuses)})`),
    check('order_events_actor_role_known', sql`actor_role in (${listed(actorRoles)})`),
    check('order_events_system_is_nobody', sql`(actor_role = 'system') = (actor_id is null)`),
    check('order_events_fence_not_negative', sql`fence >= 0`),
    check('order_events_data_is_object', sql`jsonb_typeof(data) = 'object'`),
  ],
)

/** Couriers who declined or released an order. The dispatch does not offer it to them again. */
export const orderExclusions = dispatch.table(
  'order_exclusions',
  {
    orderId: idOf('order_id')
      .notNull()
      .references(() => orders.id),
    courierId: idOf('courier_id')
      .notNull()
      .references(() => couriers.id),
    reason: text('reason').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ name: 'order_exclusions_pkey', columns: [table.orderId, table.courierId] }),
    check('order_exclusions_reason_length', sql`char_length(reason) between 1 and 500`),
  ],
)

/**
 * Counts the claims that a courier lost for an order. Each pair has a row, so many losers do not contend for one row.
 * There is no foreign key: its check would lock the order's row, and the next claim would wait.
 */
export const lostClaims = dispatch.table(
  'lost_claims',
  {
    orderId: idOf('order_id').notNull(),
    courierId: idOf('courier_id').notNull(),
    times: integer('times').notNull().default(1),
    lastAt: instant('last_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: 'lost_claims_pkey', columns: [table.orderId, table.courierId] }),
    check('lost_claims_times_positive', sql`times >= 1`),
  ],
)

function onEarth(lat: string, lng: string) {
  return sql.raw(
    `num_nulls(${lat}, ${lng}) <> 1 and ${lat} between -90 and 90 and ${lng} between -180 and 180`,
  )
}
