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
import { createdAt, id, idOf, instant, version, writtenBy } from '../kit/columns.ts'
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
export const couriers = dispatch.table('couriers', {
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
})

/**
 * An order has at most one live claim, because its holder is a column of its own row. A canceled order keeps its holder
 * and times, so that the courier can still see it.
 */
export const orders = dispatch.table('orders', {
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
})

/** The history of orders. The Worker may only append; readers read in commit order by (xid, id). */
export const orderEvents = dispatch.table('order_events', {
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
})

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
