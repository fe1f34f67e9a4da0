import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { courierRules, orderEventRules, orderRules } from '../../../schema/dispatch/rules.ts'
import { freshDatabase } from '../../support/database.ts'

const { admin, connect, workerUrl } = await freshDatabase()
const worker = await connect(workerUrl)

type Row = Record<string, unknown>

const {
  rows: [{ store, courier }],
} = await admin.query(`
  with store as (insert into dispatch.stores (name, pickup_address) values ('Baker', '1 Market Street') returning id),
       courier as (insert into dispatch.couriers (name) values ('Ana') returning id)
  select store.id as store, courier.id as courier from store, courier`)

const fresh: Row = {
  store_id: store,
  pickup_address: '1 Market Street',
  delivery_address: '2 Long Lane',
  recipient_name: 'Rosa',
  phone: '+44 1',
  boxes_count: 2,
  price_minor: 3500,
}
const now = '2026-01-01T00:00:00Z'
const taken: Row = { ...fresh, courier_id: courier, assigned_at: now, fence: 1 }
const accepted: Row = { ...taken, status: 'accepted', accepted_at: now }
const pickedUp: Row = { ...accepted, status: 'picked_up', picked_up_at: now }

/** A valid order in each status. */
const life = {
  new: fresh,
  assigned: { ...taken, status: 'assigned', lease_expires_at: now },
  accepted,
  picked_up: pickedUp,
  delivered: { ...pickedUp, status: 'delivered', delivered_at: now },
  failed: { ...pickedUp, status: 'failed', failure_reason: 'nobody at home', attempts: 1 },
  returned: { ...pickedUp, status: 'returned', failure_reason: 'nobody at home', attempts: 1 },
  canceled: { ...fresh, status: 'canceled', canceled_at: now },
} satisfies Record<string, Row>

const event: Row = { type: 'created', to_status: 'new', actor_role: 'store', actor_id: '1', fence: 0 }

describe('orders', () => {
  it.each(Object.entries(life))('can be %s', async (status, order) => {
    expect(await insert('orders', order)).toMatchObject({ status })
  })

  it.each([
    ['accepted', accepted],
    ['picked up', pickedUp],
    ['failed', life.failed],
  ])('canceled after being %s keep their timestamps', async (_, order) => {
    expect(await insert('orders', { ...order, status: 'canceled', canceled_at: now })).toMatchObject({
      courier_id: courier,
      assigned_at: new Date(now),
    })
  })

  it('fit every index with two addresses of maximum length and byte size', async () => {
    // Characters of four bytes each that do not compress.
    const address = () =>
      Array.from({ length: 300 }, () =>
        String.fromCodePoint(0x20000 + Math.floor(Math.random() * 40_000)),
      ).join('')
    const order = {
      ...life.assigned,
      pickup_address: address(),
      delivery_address: address(),
      due_at: now,
      ready_at: now,
    }
    expect(await insert('orders', order)).toMatchObject({ status: 'assigned' })
  })
})

const refusals: [constraint: string, table: string, row: Row][] = [
  ['orders_status_known', 'orders', { ...pickedUp, status: 'lost' }],
  ['orders_pickup_address_length', 'orders', { ...fresh, pickup_address: '' }],
  ['orders_pickup_address_length', 'orders', { ...fresh, pickup_address: 'x'.repeat(301) }],
  ['orders_delivery_address_length', 'orders', { ...fresh, delivery_address: '' }],
  ['orders_delivery_address_length', 'orders', { ...fresh, delivery_address: 'x'.repeat(301) }],
  ['orders_recipient_name_length', 'orders', { ...fresh, recipient_name: 'x'.repeat(201) }],
  ['orders_phone_length', 'orders', { ...fresh, phone: '1'.repeat(41) }],
  ['orders_boxes_range', 'orders', { ...fresh, boxes_count: 0 }],
  ['orders_boxes_range', 'orders', { ...fresh, boxes_count: 201 }],
  ['orders_price_not_negative', 'orders', { ...fresh, price_minor: -1 }],
  ['orders_currency_iso', 'orders', { ...fresh, currency: 'usd' }],
  ['orders_currency_iso', 'orders', { ...fresh, currency: 'US' }],
  ['orders_pickup_on_earth', 'orders', { ...fresh, pickup_lat: 51.5 }],
  ['orders_pickup_on_earth', 'orders', { ...fresh, pickup_lat: 90.1, pickup_lng: 0 }],
  ['orders_pickup_on_earth', 'orders', { ...fresh, pickup_lat: Number.NaN, pickup_lng: 0 }],
  ['orders_delivery_on_earth', 'orders', { ...fresh, delivery_lng: 0.1 }],
  ['orders_delivery_on_earth', 'orders', { ...fresh, delivery_lat: 0, delivery_lng: -180.1 }],
  ['orders_due_not_before_ready', 'orders', { ...fresh, ready_at: '2026-01-01T00:00:01Z', due_at: now }],
  ['orders_courier_with_status', 'orders', { ...taken, status: 'new' }],
  ['orders_courier_with_status', 'orders', { ...accepted, courier_id: null, assigned_at: null }],
  ['orders_courier_with_status', 'orders', { ...life.delivered, courier_id: null, assigned_at: null }],
  ['orders_lease_with_status', 'orders', { ...life.assigned, lease_expires_at: null }],
  ['orders_lease_with_status', 'orders', { ...accepted, lease_expires_at: now }],
  ['orders_assigned_at_with_courier', 'orders', { ...accepted, assigned_at: null }],
  ['orders_assigned_at_with_courier', 'orders', { ...fresh, assigned_at: now }],
  ['orders_accepted_at_with_status', 'orders', { ...accepted, accepted_at: null }],
  ['orders_accepted_at_with_status', 'orders', { ...life.assigned, accepted_at: now }],
  ['orders_accepted_at_with_status', 'orders', { ...life.canceled, accepted_at: now }],
  ['orders_picked_up_at_with_status', 'orders', { ...pickedUp, picked_up_at: null }],
  ['orders_picked_up_at_with_status', 'orders', { ...accepted, picked_up_at: now }],
  ['orders_picked_up_at_with_status', 'orders', { ...life.canceled, picked_up_at: now }],
  ['orders_delivered_at_with_status', 'orders', { ...life.delivered, delivered_at: null }],
  ['orders_delivered_at_with_status', 'orders', { ...pickedUp, delivered_at: now }],
  ['orders_settled_at_with_status', 'orders', { ...pickedUp, settled_at: now }],
  ['orders_canceled_at_with_status', 'orders', { ...life.canceled, canceled_at: null }],
  ['orders_canceled_at_with_status', 'orders', { ...fresh, canceled_at: now }],
  ['orders_failure_reason_with_status', 'orders', { ...life.failed, failure_reason: null }],
  ['orders_failure_reason_with_status', 'orders', { ...life.returned, failure_reason: null }],
  ['orders_failure_reason_with_status', 'orders', { ...life.delivered, failure_reason: 'none', attempts: 1 }],
  ['orders_failure_reason_length', 'orders', { ...life.failed, failure_reason: '' }],
  ['orders_failure_counted', 'orders', { ...life.failed, attempts: 0 }],
  ['orders_fence_with_courier', 'orders', { ...accepted, fence: 0 }],
  ['orders_fence_with_courier', 'orders', { ...fresh, fence: -1 }],
  ['orders_version_positive', 'orders', { ...fresh, version: 0 }],

  ['couriers_name_length', 'couriers', { name: '' }],
  ['couriers_capacity_range', 'couriers', { name: 'Bo', capacity_boxes: 0 }],
  ['couriers_held_not_negative', 'couriers', { name: 'Bo', held_boxes: -1 }],
  ['couriers_held_within_capacity', 'couriers', { name: 'Bo', capacity_boxes: 8, held_boxes: 9 }],
  ['couriers_on_earth', 'couriers', { name: 'Bo', last_lat: 1 }],
  ['couriers_zone_length', 'couriers', { name: 'Bo', zone: '' }],
  ['couriers_version_positive', 'couriers', { name: 'Bo', version: 0 }],

  ['stores_name_length', 'stores', { name: '', pickup_address: 'x' }],
  ['stores_pickup_address_length', 'stores', { name: 'Deli', pickup_address: 'x'.repeat(301) }],
  ['stores_on_earth', 'stores', { name: 'Deli', pickup_address: 'x', lat: 91, lng: 0 }],
  ['stores_box_limit_range', 'stores', { name: 'Deli', pickup_address: 'x', box_limit: 201 }],
  ['stores_hours_both_or_neither', 'stores', { name: 'Deli', pickup_address: 'x', opens_at: '09:00' }],
  ['stores_version_positive', 'stores', { name: 'Deli', pickup_address: 'x', version: 0 }],

  ['order_events_type_shape', 'order_events', { ...event, type: 'Created!' }],
  ['order_events_from_status_known', 'order_events', { ...event, from_status: 'lost' }],
  ['order_events_to_status_known', 'order_events', { ...event, to_status: 'lost' }],
  ['order_events_actor_role_known', 'order_events', { ...event, actor_role: 'tenant' }],
  ['order_events_system_is_nobody', 'order_events', { ...event, actor_role: 'system' }],
  ['order_events_system_is_nobody', 'order_events', { ...event, actor_id: null }],
  ['order_events_fence_not_negative', 'order_events', { ...event, fence: -1 }],
  ['order_events_data_is_object', 'order_events', { ...event, data: '[]' }],

  ['order_exclusions_reason_length', 'order_exclusions', { courier_id: courier, reason: '' }],

  ['lost_claims_times_positive', 'lost_claims', { courier_id: courier, times: 0 }],
]

describe('an impossible row', () => {
  it.each(refusals)('is refused by %s', async (constraint, table, row) => {
    expect(await refusalOf(() => insert(table, row))).toMatchObject({ code: '23514', constraint })
  })

  it('is refused for a store with an unknown time zone', async () => {
    const row = { name: 'Deli', pickup_address: 'x', time_zone: 'Mars/Olympus' }
    expect(await refusalOf(() => insert('stores', row))).toMatchObject({ code: '22023' })
  })

  it('has a test for each rule and each constraint', async () => {
    const { rows } = await admin.query<{ conname: string }>(`
      select conname from pg_constraint
      where contype = 'c' and connamespace = 'dispatch'::regnamespace
        and conname <> 'stores_time_zone_known' and conname not like '%\\_rules'`)
    const names = [courierRules, orderRules, orderEventRules].flatMap(Object.keys)
    const refused = new Set(refusals.map(([constraint]) => constraint))
    names.push(...rows.map(({ conname }) => conname))
    expect(names.filter((name) => !refused.has(name))).toEqual([])
  })
})

describe('an order never goes back', () => {
  const refused = { code: '23514', constraint: 'orders_never_step_back' }
  const update = (id: unknown, set: string) => () =>
    admin.query(`update dispatch.orders set ${set} where id = $1`, [id])

  it('in its fence', async () => {
    const { id } = await insert('orders', { ...life.assigned, fence: 5 })
    expect(await refusalOf(update(id, 'fence = 4'))).toMatchObject(refused)
    await update(id, 'fence = 6')()
  })

  it('in its version', async () => {
    const { id } = await insert('orders', { ...fresh, version: 5 })
    expect(await refusalOf(update(id, 'version = 4'))).toMatchObject(refused)
    await update(id, 'version = 6')()
  })

  it.each(['delivered', 'canceled', 'returned'] as const)('from %s', async (last) => {
    const { id } = await insert('orders', life[last])
    const back = `status = 'accepted', delivered_at = null, canceled_at = null, failure_reason = null,
      courier_id = ${courier}, assigned_at = now(), accepted_at = now(), fence = fence + 1`
    expect(await refusalOf(update(id, back))).toMatchObject(refused)
    await update(id, `delivery_address = 'elsewhere'`)()
  })
})

describe('the Worker', () => {
  it.each([
    ['order_events', 'select, insert'],
    ['order_exclusions', 'select, insert'],
    ['orders', 'select, insert, update'],
    ['couriers', 'select, insert, update'],
    ['stores', 'select, insert, update'],
  ])('has on %s only the privileges: %s', async (table, privileges) => {
    const { rows } = await worker.query(
      `select privilege from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
        with ordinality as known (privilege, place)
      where has_table_privilege('dispatch.' || $1, privilege) order by place`,
      [table],
    )
    expect(rows.map(({ privilege }) => privilege).join(', ')).toBe(privileges)
  })

  it('can append order events and cannot change them', async () => {
    const { id } = await insert('order_events', event, worker)
    for (const change of [
      `update dispatch.order_events set type = 'x' where id = $1`,
      'delete from dispatch.order_events where id = $1',
    ]) {
      expect(await refusalOf(() => worker.query(change, [id]))).toMatchObject({ code: '42501' })
    }
  })
})

async function insert(table: string, row: Row, by: pg.Pool | pg.Client = admin): Promise<Row> {
  const full =
    table === 'order_events' || table === 'order_exclusions' || table === 'lost_claims'
      ? { order_id: (await insert('orders', fresh, by))['id'], ...row }
      : row
  const names = Object.keys(full)
  const { rows } = await by.query<Row>(
    `insert into dispatch.${table} (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) returning *`,
    Object.values(full),
  )
  return rows[0] ?? {}
}

async function refusalOf(attempt: () => Promise<unknown>): Promise<unknown> {
  return attempt().then(
    () => 'accepted',
    (error: unknown) => error,
  )
}
