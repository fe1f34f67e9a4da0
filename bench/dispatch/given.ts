import type pg from 'pg'

/** New orders of one store with one box each, `seconds` apart until now, and available couriers of unlimited capacity. */
export async function givenOrders(
  database: pg.Pool,
  { orders, couriers, capacity = 1000 }: { orders: number; couriers: number; capacity?: number },
): Promise<void> {
  await database.query(`
truncate dispatch.stores, dispatch.couriers, dispatch.orders, dispatch.order_events, dispatch.order_exclusions,
  dispatch.lost_claims
restart identity`)
  await database.query(
    `insert into dispatch.stores (name, pickup_address) values ('Bakery', '1 Market Street')`,
  )
  await database.query(
    `insert into dispatch.couriers (name, capacity_boxes, available)
    select 'Courier ' || n, $1, true from generate_series(1, $2) n`,
    [capacity, couriers],
  )
  await addOrders(database, orders)
  await database.query('vacuum analyze dispatch.orders, dispatch.couriers')
  await database.query('checkpoint')
}

export async function addOrders(database: pg.Pool, orders: number): Promise<void> {
  await database.query(
    `insert into dispatch.orders
      (store_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor, created_at)
    select 1, '1 Market Street', n || ' Long Lane', 'Recipient ' || n, '+44 20 7946 0000', 1, 3500,
      now() - make_interval(secs => 0.1 * ($1 - n))
    from generate_series(1, $1::int) n`,
    [orders],
  )
}
