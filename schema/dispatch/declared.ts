import { type Declared, extension, grants, sqlIndex, storage, trigger } from '../kit/declare.ts'
import { filesOf } from '../kit/files.ts'
import { rulesOf } from '../kit/rules.ts'
import { courierRules, orderEventRules, orderRules } from './rules.ts'
import { liveStatuses } from './states.ts'

const { functionFile } = filesOf(import.meta.dirname)

export const declared: Declared[] = [
  extension('cube'),
  ...rulesOf('dispatch.couriers', courierRules),
  ...rulesOf('dispatch.orders', orderRules),
  ...rulesOf('dispatch.order_events', orderEventRules),
  functionFile('dispatch.on_sphere(double precision, double precision)'),
  functionFile(
    'dispatch.plan_assignments(bigint[], integer[], double precision[], double precision[], bigint[], integer[], integer[], double precision[], double precision[])',
  ),
  functionFile('dispatch.refuse_step_back()'),

  // A delivery becomes final when it is settled; until then it may be a mistake. The condition stands in the function:
  // a WHEN clause is read anew by each statement, as a check is.
  trigger({
    name: 'orders_never_step_back',
    table: 'dispatch.orders',
    fires: 'before update',
    forEach: 'row',
    execute: 'dispatch.refuse_step_back()',
  }),

  functionFile('dispatch.refuse_older_version()'),

  // Race: a claim commits while a release waits for the courier's row. Any trigger before an update makes Postgres take
  // the row's newest version before it evaluates the check constraints. Without a trigger Postgres first checks the
  // version of the statement's snapshot: returning the boxes would fail, because that version holds fewer.
  trigger({
    name: 'couriers_never_step_back',
    table: 'dispatch.couriers',
    fires: 'before update',
    forEach: 'row',
    execute: 'dispatch.refuse_older_version()',
  }),

  functionFile('dispatch.remove_old_events(integer)', { executeBy: 'lockstep_app' }),

  // Every claim leaves a dead row version in each index. Postgres' default, a fifth of the table, lets too many
  // accumulate in a large table. The free room lets a new version stay on the page of the old one.
  storage({
    table: 'dispatch.orders',
    with: {
      fillfactor: 85,
      autovacuum_vacuum_scale_factor: 0.01,
      autovacuum_vacuum_insert_scale_factor: 0.05,
    },
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

  // Without the id, because the planner would then use it for lists of one status, which idx_orders_list serves better.
  sqlIndex({
    name: 'idx_orders_active',
    table: 'dispatch.orders',
    columns: ['created_at desc'],
    where: `status in (${liveStatuses.map((status) => `'${status}'`).join(', ')})`,
    serves: 'live orders of every status, newest first',
  }),
  // A change of the status writes a new entry into each index below. With the listed columns included they were four
  // times as large; now a list reads its fifty rows from the table.
  sqlIndex({
    name: 'idx_orders_list',
    table: 'dispatch.orders',
    columns: ['status', 'created_at desc', 'id desc'],
    serves: 'GET /v1/dispatch/orders?status=, newest first',
  }),
  sqlIndex({
    name: 'idx_orders_store',
    table: 'dispatch.orders',
    columns: ['store_id', 'status', 'created_at desc', 'id desc'],
    serves: 'GET /v1/dispatch/orders of one store, newest first',
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
    serves: 'GET /v1/dispatch/stats/days',
  }),
  sqlIndex({
    name: 'idx_order_events_order',
    table: 'dispatch.order_events',
    columns: ['order_id', 'created_at desc', 'id desc'],
    serves: 'GET /v1/dispatch/orders/{id}/events',
  }),
  sqlIndex({
    // A BRIN range never narrows: new events in the place of removed ones make it match every old time.
    name: 'idx_order_events_recent',
    table: 'dispatch.order_events',
    columns: ['created_at'],
    serves: 'events of the last hour, over all orders, and the removal of old ones',
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
