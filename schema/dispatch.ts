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
import { createdAt, id, idOf, instant, version, writtenBy } from './columns.ts'
import { type Declared, extension, grants, sqlFunction, sqlIndex, storage, trigger } from './triggers.ts'

export const dispatch = pgSchema('dispatch')

export const orderStatuses = [
  'new',
  'assigned',
  'accepted',
  'picked_up',
  'delivered',
  'canceled',
  'failed',
  'returned',
] as const

const anyStatus = sql.raw(orderStatuses.map((status) => `'${status}'`).join(', '))

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
    // An unknown zone raises here, once, instead of in every later reading of the hours.
    check(
      'stores_time_zone_known',
      sql`(timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null`,
    ),
    check('stores_version_positive', sql`version >= 1`),
  ],
)

/** What the claim locks and checks lives on this row: a sum over orders would be older than the lock. */
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
 * One live claim per order by construction: the holder is a column of the order's own row. A canceled order keeps
 * the holder and the moments it had, so that its courier can still see what happened to it.
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
    check('orders_status_known', sql`status in (${anyStatus})`),
    // 300 characters are at most 1200 bytes; two of them still fit into one entry of the covering indexes (2704 bytes).
    check('orders_pickup_address_length', sql`char_length(pickup_address) between 1 and 300`),
    check('orders_delivery_address_length', sql`char_length(delivery_address) between 1 and 300`),
    check('orders_recipient_name_length', sql`char_length(recipient_name) between 1 and 200`),
    check('orders_phone_length', sql`char_length(phone) between 1 and 40`),
    check('orders_boxes_range', sql`boxes_count between 1 and 200`),
    check('orders_price_not_negative', sql`price_minor >= 0`),
    check('orders_currency_iso', sql`currency ~ '^[A-Z]{3}$'`),
    check('orders_pickup_on_earth', onEarth('pickup_lat', 'pickup_lng')),
    check('orders_delivery_on_earth', onEarth('delivery_lat', 'delivery_lng')),

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

/** The history: append-only for the Worker, read in commit order by (xid, id). */
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
    actorRole: text('actor_role', { enum: ['admin', 'store', 'courier', 'system'] }).notNull(),
    actorId: text('actor_id'),
    courierId: idOf('courier_id'),
    fence: bigint('fence', { mode: 'number' }).notNull(),
    data: jsonb('data').notNull().default({}),
    xid: writtenBy(),
    createdAt: createdAt(),
  },
  () => [
    check('order_events_type_shape', sql`type ~ '^[a-z][a-z_]{0,39}$'`),
    check('order_events_from_status_known', sql`from_status in (${anyStatus})`),
    check('order_events_to_status_known', sql`to_status in (${anyStatus})`),
    check('order_events_actor_role_known', sql`actor_role in ('admin', 'store', 'courier', 'system')`),
    check('order_events_system_is_nobody', sql`(actor_role = 'system') = (actor_id is null)`),
    check('order_events_fence_not_negative', sql`fence >= 0`),
    check('order_events_data_is_object', sql`jsonb_typeof(data) = 'object'`),
  ],
)

/** Couriers who declined or released an order are not offered it again. */
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
 * How often a courier asked for an order that it did not get. A row for each pair: no row that many losers want. Not a
 * foreign key either: checking it would lock the order's row, which the next claim waits for.
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

const shownInList = [
  'pickup_address',
  'delivery_address',
  'boxes_count',
  'price_minor',
  'currency',
  'due_at',
  'ready_at',
  'lease_expires_at',
  'fence',
  'version',
]

export const dispatchDeclared: Declared[] = [
  extension('cube'),

  // The straight line between two points on the sphere grows with the great circle between them, so the nearest
  // by chord is the nearest on the ground. A body in SQL syntax is bound when created: no search_path matters.
  sqlFunction({
    name: 'dispatch.on_sphere(double precision, double precision)',
    create: `
create or replace function dispatch.on_sphere(lat double precision, lng double precision)
returns public.cube
language sql immutable strict parallel safe
return public.cube(array[
  cos(radians(lat)) * cos(radians(lng)),
  cos(radians(lat)) * sin(radians(lng)),
  sin(radians(lat))
])`,
  }),

  // Which courier gets which order. Orders take turns, oldest first; each goes to the courier for whom it costs least: the
  // way to the pickup in kilometres, and half a kilometre for each box already held or planned. A way that nobody knows
  // counts as ten. One order after the other, because each choice changes the load of the next. The ways are reckoned
  // once for all, and each choice is a loop over an array: half the time of a query for each order. Not stable, but
  // volatile: it must see who gave back an order after the caller's snapshot and before its lock.
  sqlFunction({
    name: 'dispatch.plan_assignments(bigint[], integer[], double precision[], double precision[], bigint[], integer[], integer[], double precision[], double precision[])',
    create: `
create or replace function dispatch.plan_assignments(
  order_ids bigint[], boxes integer[], order_lats double precision[], order_lngs double precision[],
  courier_ids bigint[], rooms integer[], loads integer[], courier_lats double precision[], courier_lngs double precision[]
)
returns table (order_id bigint, courier_id bigint)
language plpgsql
set search_path = ''
as $$
declare
  couriers constant integer := coalesce(cardinality(courier_ids), 0);
  excluding constant boolean := exists (select from dispatch.order_exclusions x where x.order_id = any (order_ids));
  excluded bigint[] := '{}';
  places integer[];
  ways double precision[];
  weights double precision[];
  behind integer;
  cheapest double precision;
  best integer;
begin
  places := array(
    select dense_rank() over (order by o.lat, o.lng)
    from unnest(order_lats, order_lngs) with ordinality as o (lat, lng, nth)
    order by o.nth
  );
  ways := array(
    select coalesce(12742 * asin(sqrt(case when w.chord > 1 then 1 else w.chord end)), 10)
    from (select distinct p.lat, p.lng from unnest(order_lats, order_lngs) as p (lat, lng)) o
    cross join unnest(courier_lats, courier_lngs) with ordinality as c (lat, lng, at)
    cross join lateral (
      select sin(radians(c.lat - o.lat) / 2) ^ 2
        + cos(radians(c.lat)) * cos(radians(o.lat)) * sin(radians(c.lng - o.lng) / 2) ^ 2 as chord
    ) w
    order by o.lat, o.lng, c.at
  );
  weights := array(select 0.5::double precision * c.load from unnest(loads) with ordinality as c (load, at) order by c.at);
  for nth in 1 .. coalesce(cardinality(order_ids), 0) loop
    if excluding then
      excluded := array(select x.courier_id from dispatch.order_exclusions x where x.order_id = order_ids[nth]);
    end if;
    best := null;
    cheapest := 'infinity';
    behind := (places[nth] - 1) * couriers;
    for at in 1 .. couriers loop
      if ways[behind + at] + weights[at] < cheapest and rooms[at] >= boxes[nth] and not (excluding and courier_ids[at] = any (excluded)) then
        best := at;
        cheapest := ways[behind + at] + weights[at];
      end if;
    end loop;
    continue when best is null;
    rooms[best] := rooms[best] - boxes[nth];
    weights[best] := weights[best] + 0.5::double precision * boxes[nth];
    order_id := order_ids[nth];
    courier_id := courier_ids[best];
    return next;
  end loop;
end
$$`,
  }),

  sqlFunction({
    name: 'dispatch.refuse_step_back()',
    create: `
create or replace function dispatch.refuse_step_back()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'order % cannot go back: % fence % version % after % fence % version %',
    old.id, new.status, new.fence, new.version, old.status, old.fence, old.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$`,
  }),

  // The condition is evaluated without a call, so a lawful update pays next to nothing for it. A delivery is final once
  // it is settled; until then it may have been a mistake.
  trigger({
    name: 'orders_never_step_back',
    table: 'dispatch.orders',
    fires: 'before update',
    forEach: 'row',
    when: `new.fence < old.fence
  or new.version < old.version
  or new.status <> old.status and (
    old.status in ('canceled', 'returned')
    or old.status = 'delivered' and (new.status <> 'picked_up' or old.settled_at is not null)
  )
  or old.settled_at is not null and new.settled_at is distinct from old.settled_at`,
    execute: 'dispatch.refuse_step_back()',
  }),

  sqlFunction({
    name: 'dispatch.refuse_older_version()',
    create: `
create or replace function dispatch.refuse_older_version()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'courier % cannot go from version % back to %', old.id, old.version, new.version
    using errcode = 'check_violation', constraint = tg_name, schema = tg_table_schema, table = tg_table_name;
end
$$`,
  }),

  // It has a second purpose, which any trigger before an update serves: Postgres then takes the row's newest version
  // before it looks at the check constraints. Without one it checks the version of the statement's snapshot first, and
  // who waited for a claim and then gives its boxes back would be told that the courier holds less than none.
  trigger({
    name: 'couriers_never_step_back',
    table: 'dispatch.couriers',
    fires: 'before update',
    forEach: 'row',
    when: 'new.version < old.version',
    execute: 'dispatch.refuse_older_version()',
  }),

  // The Worker may not delete history; it may have this done, for what is past its time: events of orders that have ended,
  // ninety days after they happened. Only what webhooks have queued, and with the place up to which a reader that comes
  // back has missed something.
  sqlFunction({
    name: 'dispatch.remove_old_events(integer)',
    executeBy: 'lockstep_app',
    create: `
create or replace function dispatch.remove_old_events(most integer) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  removed bigint;
begin
  with old as materialized (
    select e.id
    from dispatch.order_events e
    join dispatch.orders o on o.id = e.order_id
    where e.created_at < now() - interval '90 days'
      and (o.status in ('canceled', 'returned') or o.settled_at is not null)
      and (e.xid, e.id) <= (
        select p.xid, p.seq from core.feed_positions p where p.name = 'webhooks:dispatch'
      )
    limit most
  ),
  gone as (
    delete from dispatch.order_events e
    using old
    where e.id = old.id
    returning e.xid, e.id
  ),
  marked as (
    insert into core.feed_positions as p (name, xid, seq)
    (select 'removed:dispatch', xid, id from gone order by xid desc, id desc limit 1)
    on conflict (name) do update
    set xid = excluded.xid, seq = excluded.seq, moved_at = now()
    where (excluded.xid, excluded.seq) > (p.xid, p.seq)
  )
  select count(*) into removed from gone;
  delete from dispatch.lost_claims l
  where (l.order_id, l.courier_id) in (
    select c.order_id, c.courier_id from dispatch.lost_claims c where c.last_at < now() - interval '90 days' limit most
  );
  return removed;
end
$$`,
  }),

  // Every claim leaves a dead row version in each index, and index-only scans want pages known to be all visible:
  // the default, a fifth of the table, lets too many pile up in a long one.
  storage({
    table: 'dispatch.orders',
    with: { autovacuum_vacuum_scale_factor: 0.01, autovacuum_vacuum_insert_scale_factor: 0.05 },
  }),

  grants({ on: 'schema dispatch', to: 'lockstep_app', privileges: ['usage'] }),
  grants({ on: 'table dispatch.stores', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table dispatch.couriers', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table dispatch.orders', to: 'lockstep_app', privileges: ['select', 'insert', 'update'] }),
  grants({ on: 'table dispatch.order_events', to: 'lockstep_app', privileges: ['select', 'insert'] }),
  grants({
    on: 'table dispatch.lost_claims',
    to: 'lockstep_app',
    privileges: ['select', 'insert', 'update'],
  }),
  grants({ on: 'table dispatch.order_exclusions', to: 'lockstep_app', privileges: ['select', 'insert'] }),

  // Not by id as well: then the planner would take it for lists of one status, which the covering index serves better.
  sqlIndex({
    name: 'idx_orders_active',
    table: 'dispatch.orders',
    columns: ['created_at desc'],
    where: "status in ('new', 'assigned', 'accepted', 'picked_up')",
    serves: 'live orders of every status, newest first',
  }),
  sqlIndex({
    name: 'idx_orders_list',
    table: 'dispatch.orders',
    columns: ['status', 'created_at desc', 'id desc'],
    include: ['store_id', 'courier_id', ...shownInList],
    serves: 'GET /v1/dispatch/orders?status= as an index-only scan',
  }),
  sqlIndex({
    name: 'idx_orders_store',
    table: 'dispatch.orders',
    columns: ['store_id', 'status', 'created_at desc', 'id desc'],
    include: ['courier_id', ...shownInList],
    serves: 'GET /v1/dispatch/orders of one store as an index-only scan',
  }),
  sqlIndex({
    name: 'idx_orders_claimable',
    table: 'dispatch.orders',
    columns: ['id'],
    where: "status = 'new' and courier_id is null",
    serves: 'POST /v1/dispatch/orders/claim-next, oldest first',
  }),
  sqlIndex({
    name: 'idx_orders_near',
    table: 'dispatch.orders',
    using: 'gist',
    columns: ['dispatch.on_sphere(pickup_lat, pickup_lng)'],
    where: "status = 'new' and courier_id is null and pickup_lat is not null",
    serves: 'POST /v1/dispatch/orders/claim-next, nearest first',
  }),
  sqlIndex({
    name: 'idx_orders_courier',
    table: 'dispatch.orders',
    columns: ['courier_id', 'status', 'created_at desc', 'id desc'],
    where: 'courier_id is not null',
    serves: 'GET /v1/dispatch/couriers/{id}/orders',
  }),
  sqlIndex({
    name: 'idx_orders_leases',
    table: 'dispatch.orders',
    columns: ['lease_expires_at'],
    where: "status = 'assigned'",
    serves: 'the sweep of leases that ran out',
  }),
  sqlIndex({
    name: 'idx_orders_unsettled',
    table: 'dispatch.orders',
    columns: ['delivered_at'],
    where: "status = 'delivered' and settled_at is null",
    serves: 'deliveries whose time to be undone is over',
  }),
  sqlIndex({
    name: 'idx_orders_created_brin',
    table: 'dispatch.orders',
    using: 'brin',
    columns: ['created_at'],
    with: { pages_per_range: 128, autosummarize: 'on' },
    serves: 'GET /v1/dispatch/orders?since= and reports over days',
  }),
  sqlIndex({
    name: 'idx_order_events_order',
    table: 'dispatch.order_events',
    columns: ['order_id', 'created_at desc', 'id desc'],
    serves: 'GET /v1/dispatch/orders/{id}/events',
  }),
  sqlIndex({
    name: 'idx_order_events_recent',
    table: 'dispatch.order_events',
    using: 'brin',
    columns: ['created_at'],
    with: { pages_per_range: 32, autosummarize: 'on' },
    serves: 'events of the last hour, over all orders',
  }),
  sqlIndex({
    name: 'idx_order_events_feed',
    table: 'dispatch.order_events',
    columns: ['xid', 'id'],
    serves: 'GET /v1/dispatch/events after a cursor',
  }),
  sqlIndex({
    name: 'idx_lost_claims_recent',
    table: 'dispatch.lost_claims',
    columns: ['last_at'],
    serves: 'lost claims of the last hours in GET /v1/dispatch/stats, and the removal of old ones',
  }),
  sqlIndex({
    name: 'idx_order_exclusions_courier',
    table: 'dispatch.order_exclusions',
    columns: ['courier_id', 'order_id'],
    serves: 'what claim-next must not offer this courier',
  }),
]

function onEarth(lat: string, lng: string) {
  return sql.raw(
    `num_nulls(${lat}, ${lng}) <> 1 and ${lat} between -90 and 90 and ${lng} between -180 and 180`,
  )
}
