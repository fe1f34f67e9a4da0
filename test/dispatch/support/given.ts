import type pg from 'pg'
import type { Principal } from '../../../functions/core/context.ts'
import type { OrderStatus } from '../../../functions/dispatch/rules.ts'

export const asAdmin: Principal = { role: 'admin', sub: '1', tenantId: null }
export const asStore = (id: number): Principal => ({ role: 'store', sub: String(id), id })
export const asCourier = (id: number): Principal => ({ role: 'courier', sub: String(id), id })

type Client = pg.ClientBase | pg.Pool

export async function givenStore(client: Client, { boxLimit }: { boxLimit?: number } = {}): Promise<number> {
  return idOf(
    await client.query(
      `insert into dispatch.stores (name, pickup_address, lat, lng, box_limit)
      values ('Bakery', '1 Market Street', 51.5, -0.12, $1)
      returning id`,
      [boxLimit ?? null],
    ),
  )
}

type Courier = { capacity?: number; available?: boolean; at?: [lat: number, lng: number] }

export async function givenCourier(client: Client, courier: Courier = {}): Promise<number> {
  const { capacity = 8, available = true, at = [null, null] } = courier
  return idOf(
    await client.query({
      name: 'given courier',
      text: `insert into dispatch.couriers (name, capacity_boxes, available, last_lat, last_lng)
      values ('Ana', $1, $2, $3, $4)
      returning id`,
      values: [capacity, available, ...at],
    }),
  )
}

export async function givenCouriers(client: Client, count: number, courier: Courier = {}): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => givenCourier(client, courier)))
}

type Order = {
  storeId: number
  status?: Exclude<OrderStatus, 'returned'>
  /** The courier that holds or delivered the order. */
  courierId?: number
  boxes?: number
  /** The lease has expired, but no job has returned the order yet. */
  expired?: boolean
  /** The time to undo has expired, but no job has settled the delivery yet. */
  due?: boolean
  at?: [lat: number, lng: number]
}

/** An order in any state, with its events and the held boxes of its courier. Its fence is 1 once it was claimed. */
export async function givenOrder(client: Client, order: Order): Promise<number> {
  const {
    storeId,
    status = 'new',
    courierId = null,
    boxes = 2,
    expired = false,
    due = false,
    at = [null, null],
  } = order
  return idOf(
    await client.query({
      name: 'given order',
      text: `with story as (
        select type, to_status, lag(to_status) over (order by n) as from_status, n
        from (values ('created', 'new', 1), ('claimed', 'assigned', 2), ('accepted', 'accepted', 3), ('picked_up', 'picked_up', 4))
          step (type, to_status, n)
        where n <= case $2 when 'new' then 1 when 'canceled' then 1 when 'assigned' then 2 when 'accepted' then 3 else 4 end
        union all
        select $2, $2, case $2 when 'canceled' then 'new' else 'picked_up' end, 5
        where $2 in ('canceled', 'delivered', 'failed')
      ),
      made as (
        insert into dispatch.orders (
          store_id, status, courier_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor,
          pickup_lat, pickup_lng, assigned_at, accepted_at, picked_up_at, delivered_at, canceled_at, lease_expires_at, fence, version,
          attempts, failure_reason
        )
        select $1, $2, $3, '1 Market Street', '2 Long Lane', 'Rosa', '+44 20 7946 0000', $4,
          case when $4 <= 8 then 3500 when $4 <= 16 then 7000 else 10500 end, $6, $7,
          case when $3::bigint is not null then now() end,
          case when $2 in ('accepted', 'picked_up', 'delivered', 'failed') then now() end,
          case when $2 in ('picked_up', 'delivered', 'failed') then now() end,
          case when $2 = 'delivered' then now() - case when $8 then interval '1 hour' else interval '0' end end,
          case when $2 = 'canceled' then now() end,
          case when $2 = 'assigned' then now() + case when $5 then interval '-1 second' else interval '120 seconds' end end,
          ($3::bigint is not null)::int,
          (select count(*) from story), ($2 = 'failed')::int, case when $2 = 'failed' then 'nobody home' end
        returning id
      ),
      held as (
        update dispatch.couriers
        set held_boxes = held_boxes + $4
        where id = $3
          and $2 in ('assigned', 'accepted', 'picked_up')
      ),
      logged as (
        insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence)
        select made.id, type, from_status, to_status,
          case when type in ('created', 'canceled') then 'store' else 'courier' end,
          case when type in ('created', 'canceled') then $1 else $3 end,
          case when n > 1 then $3 end, (n > 1 and $3::bigint is not null)::int
        from story, made
        order by n
      )
      select id from made`,
      values: [storeId, status, courierId, boxes, expired, ...at, due],
    }),
  )
}

export async function givenOrders(client: Client, count: number, order: Order): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => givenOrder(client, order)))
}

function idOf({ rows }: pg.QueryResult): number {
  return Number(rows[0].id)
}
