import type pg from 'pg'

/** Invariants of orders and couriers; each query returns the rows that violate one. */
const invariants = {
  'held boxes equal the boxes of the live orders': `
    select 'courier ' || c.id || ' holds ' || c.held_boxes || ', its orders weigh ' || weight as found
    from couriers c
    where held_boxes <> weight`,

  'no courier carries more than its capacity': `
    select 'courier ' || c.id || ' carries ' || weight || ' of ' || c.capacity_boxes as found
    from couriers c
    where weight > capacity_boxes`,

  'each event starts in the status that the event before reached': `
    select event || ' starts at ' || from_status || ' after ' || coalesce(before, 'nothing') as found
    from history
    where from_status is distinct from before`,

  'each event is an allowed transition': `
    select event || ' goes from ' || coalesce(from_status, 'nothing') || ' to ' || to_status as found
    from history
    where (type, coalesce(from_status, ''), to_status) not in (select * from lawful)`,

  'the fence rises by one with each assignment and never otherwise': `
    select event || ' has fence ' || fence || ' after ' || fence_before as found
    from history
    where fence <> fence_before + (type in ('claimed', 'assigned', 'reassigned'))::int`,

  'only the holder of an order transitions it': `
    select event || ' is of courier ' || coalesce(courier_id::text, 'none') || ', the holder is ' || coalesce(holder::text, 'none') as found
    from history
    where type in ('accepted', 'declined', 'released', 'picked_up', 'delivered', 'failed', 'delivery_undone')
      and courier_id is distinct from holder`,

  'no courier gets an order again that it gave back': `
    select claim.event || ' follows its exclusion' as found
    from history claim
    where claim.type in ('claimed', 'assigned', 'reassigned')
      and exists (
        select from history back
        where back.order_id = claim.order_id
          and back.courier_id = claim.courier_id
          and back.type in ('declined', 'released')
          and back.id < claim.id
      )`,

  'exactly the couriers that gave an order back are excluded': `
    select 'order ' || coalesce(back.order_id, x.order_id) || ' courier ' || coalesce(back.courier_id, x.courier_id) as found
    from (select distinct order_id, courier_id from history where type in ('declined', 'released')) back
    full join (select x.* from dispatch.order_exclusions x join orders on orders.id = x.order_id) x
      on x.order_id = back.order_id and x.courier_id = back.courier_id
    where back.order_id is null or x.order_id is null`,

  'the row equals the fold of its events': `
    select 'order ' || o.id || ' is ' || o.status || ' fence ' || o.fence || ' version ' || o.version || ' of ' || coalesce(o.courier_id, 0)
      || ', its events say ' || last.to_status || ' fence ' || last.fence || ' version ' || last.n || ' of ' || coalesce(last.holder, 0) as found
    from orders o
    join lateral (select * from history where history.order_id = o.id order by id desc limit 1) last on true
    where (o.status, o.fence, o.version) is distinct from (last.to_status, last.fence, last.n::int)
      or o.status in ('assigned', 'accepted', 'picked_up', 'delivered') and o.courier_id is distinct from last.holder`,
} satisfies Record<string, string>

export type Invariant = keyof typeof invariants

const lawful = `
  ('created', '', 'new'), ('edited', 'new', 'new'),
  ('claimed', 'new', 'assigned'), ('claimed', 'new', 'accepted'), ('assigned', 'new', 'assigned'),
  ('reassigned', 'assigned', 'assigned'), ('reassigned', 'accepted', 'assigned'),
  ('accepted', 'assigned', 'accepted'), ('declined', 'assigned', 'new'), ('lease_expired', 'assigned', 'new'),
  ('released', 'assigned', 'new'), ('released', 'accepted', 'new'),
  ('picked_up', 'accepted', 'picked_up'), ('delivered', 'picked_up', 'delivered'),
  ('delivery_undone', 'delivered', 'picked_up'), ('settled', 'delivered', 'delivered'),
  ('canceled', 'new', 'canceled'), ('canceled', 'assigned', 'canceled'), ('canceled', 'accepted', 'canceled'),
  ('canceled', 'picked_up', 'canceled'),
  ('failed', 'picked_up', 'failed'), ('reopened', 'failed', 'new'), ('returned', 'failed', 'returned'),
  ('delivery_undone', 'delivered', 'picked_up'), ('settled', 'delivered', 'delivered')`

// The holder of an event is the courier of the newest assignment up to it.
const facts = `
with orders as (
  select * from dispatch.orders o where $1::bigint[] is null or o.id = any ($1)
),
history as (
  select e.*,
    'event ' || e.id || ' (' || e.type || ' of order ' || e.order_id || ')' as event,
    lag(e.to_status) over story as before,
    coalesce(lag(e.fence) over story, 0) as fence_before,
    row_number() over story as n,
    (
      select taken.courier_id
      from dispatch.order_events taken
      where taken.order_id = e.order_id
        and taken.id <= e.id
        and taken.type in ('claimed', 'assigned', 'reassigned')
      order by taken.id desc
      limit 1
    ) as holder
  from dispatch.order_events e
  join orders on orders.id = e.order_id
  window story as (partition by e.order_id order by e.id)
),
couriers as (
  select c.*, coalesce(live.weight, 0) as weight
  from dispatch.couriers c
  left join (
    select courier_id, sum(boxes_count)::int as weight
    from dispatch.orders
    where status in ('assigned', 'accepted', 'picked_up')
    group by courier_id
  ) live on live.courier_id = c.id
  where $1::bigint[] is null or c.id in (select courier_id from history)
),
lawful (type, from_status, to_status) as (values ${lawful})`

const everything = Object.entries(invariants)
  .map(([name, query]) => `select '${name}: ' || found as broken from (${query}) as "${name}"`)
  .join('\nunion all\n')

/** The violations among these orders and their couriers, or among all rows. */
export async function broken(
  client: pg.ClientBase | pg.Pool,
  orders: number[] | null = null,
): Promise<string[]> {
  const { rows } = await client.query<{ broken: string }>({
    name: 'broken',
    text: `${facts}\n${everything}`,
    values: [orders],
  })
  return rows.map((row) => row.broken)
}

/** Fails the test if any invariant is violated. */
export async function mustBeSound(client: pg.ClientBase | pg.Pool): Promise<void> {
  const found = await broken(client)
  if (found.length > 0) throw new Error(`Broken: ${found.join('; ')}`)
}

/** The names of the violated invariants, for a test that expects one of them. */
export function namesOf(findings: string[]): string[] {
  const names = Object.keys(invariants).filter((name) => findings.some((found) => found.startsWith(name)))
  return names
}
