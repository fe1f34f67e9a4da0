import { beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { inStepsUnchecked } from '../../support/fill.ts'

const { admin, connect } = await freshDatabase()

type Node = { 'Node Type': string; 'Index Name'?: string; 'Heap Fetches'?: number; Plans?: Node[] }

// The fields of a listed order.
const shown = `id, status, created_at, store_id, courier_id, pickup_address, delivery_address, boxes_count, price_minor,
  currency, due_at, ready_at, lease_expires_at, fence, version`

beforeAll(async () => {
  const client = await connect()
  await client.query(`
    -- Vacuum calls no page all-visible while the commit that filled it is not on disk.
    set synchronous_commit = on;
    insert into dispatch.stores (name, pickup_address) select 'Store ' || n, n || ' Market Street' from generate_series(1, 50) n;
    insert into dispatch.couriers (name, available) select 'Courier ' || n, true from generate_series(1, 200) n`)
  await inStepsUnchecked(client, 100_000, (from, to) =>
    client.query(`
    -- A hundred thousand orders as months leave them: nearly all are over, those of the last days are not.
    insert into dispatch.orders (
      store_id, status, courier_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor,
      pickup_lat, pickup_lng, assigned_at, accepted_at, picked_up_at, delivered_at, canceled_at, lease_expires_at,
      settled_at, fence, created_at
    )
    select 1 + n % 50, status, case when held then 1 + n % 200 end, n || ' Market Street', n || ' Long Lane', 'Rosa', '1',
      1 + n % 16, 3500, degrees(asin(random() * 2 - 1)), random() * 360 - 180,
      case when held then created_at end, case when held and status <> 'assigned' then created_at end,
      case when status in ('picked_up', 'delivered') then created_at end, case when status = 'delivered' then created_at end,
      case when status = 'canceled' then created_at end, case when status = 'assigned' then created_at end,
      -- Those of the last two hours can still be undone.
      case when status = 'delivered' and created_at < now() - interval '2 hours' then created_at end,
      held::int, created_at
    from (
      select n, created_at, status, status not in ('new', 'canceled') as held
      from (
        select n, now() - (100000 - n) * interval '1 minute' as created_at,
          case when n % 20 = 0 then 'canceled' when n <= 85000 then 'delivered'
            else (array['new', 'new', 'new', 'new', 'new', 'assigned', 'accepted', 'picked_up', 'picked_up', 'delivered'])[1 + n % 10]
          end as status
        from generate_series(${from}, ${to}) n
      ) states
    ) orders`),
  )
  await inStepsUnchecked(client, 100_000, (from, to) =>
    client.query(`
    insert into dispatch.order_events (order_id, type, to_status, actor_role, actor_id, fence, created_at)
    select id, 'created', 'new', 'store', '1', 0, created_at from dispatch.orders where id between ${from} and ${to};
    insert into dispatch.order_exclusions (order_id, courier_id, reason)
    select id, 1 + id % 200, 'too far' from dispatch.orders where status = 'new' and id between ${from} and ${to};
    insert into dispatch.lost_claims (order_id, courier_id, last_at)
    select id, 1 + id % 200, created_at from dispatch.orders where id between ${from} and ${to}`),
  )
  await client.query(`
    select brin_summarize_new_values('dispatch.idx_orders_created_brin')`)
  await admin.query('vacuum (analyze) dispatch.orders')
  await admin.query('vacuum (analyze) dispatch.order_events')
  await admin.query('vacuum (analyze) dispatch.order_exclusions')
  await admin.query('vacuum (analyze) dispatch.lost_claims')
})

const newest = 'order by created_at desc, id desc limit 50'
const coveredBy = [
  [
    'idx_order_exclusions_courier',
    'select order_id from dispatch.order_exclusions where courier_id = 7 order by order_id limit 200',
  ],
] as const

const servedBy = [
  ['idx_orders_list', `select ${shown} from dispatch.orders where status = 'canceled' ${newest}`],
  ['idx_orders_list', `select ${shown} from dispatch.orders where status = 'delivered' ${newest}`],
  [
    'idx_orders_list',
    `select ${shown} from dispatch.orders
    where status = 'delivered' and (created_at, id) < (now() - interval '20 days', 70000) ${newest}`,
  ],
  [
    'idx_orders_list',
    `select page.* from unnest(array['new', 'assigned', 'accepted', 'picked_up', 'delivered', 'canceled', 'failed', 'returned']) of (status)
    cross join lateral (select ${shown} from dispatch.orders o where o.status = of.status ${newest}) page ${newest}`,
  ],
  [
    'idx_orders_store',
    `select ${shown} from dispatch.orders where store_id = 7 and status = 'delivered' ${newest}`,
  ],
  [
    'idx_orders_active',
    `select * from dispatch.orders where status in ('new', 'assigned', 'accepted', 'picked_up') ${newest}`,
  ],
  [
    'idx_orders_claimable',
    `select id from dispatch.orders where status = 'new' and courier_id is null order by id limit 1 for update skip locked`,
  ],
  [
    'idx_orders_near',
    `select id from dispatch.orders where status = 'new' and courier_id is null and pickup_lat is not null
    order by dispatch.on_sphere(pickup_lat, pickup_lng) operator(public.<->) dispatch.on_sphere(51.5, -0.12)
    limit 1 for update skip locked`,
  ],
  [
    'idx_orders_courier',
    `select * from dispatch.orders where courier_id = 7 and status = 'delivered' ${newest}`,
  ],
  [
    'idx_orders_leases',
    `select id from dispatch.orders where status = 'assigned' and lease_expires_at < now() - interval '9 days'
    order by lease_expires_at limit 100 for update skip locked`,
  ],
  [
    'idx_orders_unsettled',
    `select id from dispatch.orders where status = 'delivered' and settled_at is null
    and delivered_at <= now() - interval '5 minutes' order by delivered_at limit 1000 for update skip locked`,
  ],
  [
    'idx_lost_claims_recent',
    `select courier_id, sum(times) from dispatch.lost_claims where last_at >= now() - interval '24 hours' group by courier_id`,
  ],
  [
    'idx_orders_created_brin',
    `select sum(attempts) from dispatch.orders where created_at between now() - interval '60 days' and now() - interval '10 days'`,
  ],
  [
    'idx_order_events_order',
    'select * from dispatch.order_events where order_id = 4711 order by created_at desc, id desc limit 50',
  ],
  [
    'idx_order_events_recent',
    `select type, count(*) from dispatch.order_events where created_at > now() - interval '1 hour' group by type`,
  ],
  [
    'idx_order_events_feed',
    `select * from dispatch.order_events where (xid, id) > ('3'::xid8, 99000)
    and (xid, id) < ('999999999'::xid8, 1)
    order by xid, id limit 100`,
  ],
] as const

describe('with a hundred thousand orders', () => {
  it.each(coveredBy)('%s answers with an index-only scan: %s', async (index, query) => {
    const used = await nodesOf(query)
    expect(used.filter((node) => node['Index Name'])).toMatchObject([
      { 'Node Type': 'Index Only Scan', 'Index Name': index, 'Heap Fetches': 0 },
    ])
  })

  it.each(servedBy)('%s serves %s', async (index, query) => {
    const used = await nodesOf(query)
    expect(used.map((node) => node['Index Name']).filter(Boolean)).toEqual([index])
    expect(used.map((node) => node['Node Type'])).not.toContain('Seq Scan')
  })

  it('the nearest order by the index is the nearest by great-circle distance', async () => {
    const { rows } = await admin.query(`
      with measured as (
        select dispatch.on_sphere(pickup_lat, pickup_lng) operator(public.<->) dispatch.on_sphere(51.5, -0.12) as chord,
          2 * asin(least(1, sqrt(power(sin(radians(pickup_lat - 51.5) / 2), 2)
            + cos(radians(51.5)) * cos(radians(pickup_lat)) * power(sin(radians(pickup_lng + 0.12) / 2), 2)))) as arc
        from dispatch.orders
      )
      select count(*)::int as misplaced
      from (select rank() over (order by chord) as by_chord, rank() over (order by arc) as by_arc from measured) ranked
      where by_chord <> by_arc`)
    expect(rows).toEqual([{ misplaced: 0 }])
  })
})

describe('every index', () => {
  it('has a comment with its query and a test in this file', async () => {
    const { rows } = await admin.query<{ name: string; serves: string | null }>(`
      select c.relname as name, obj_description(c.oid, 'pg_class') as serves
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where c.relnamespace = 'dispatch'::regnamespace and not i.indisprimary`)
    const tested = new Set<string>([...coveredBy, ...servedBy].map(([index]) => index))
    expect(rows.filter(({ serves }) => !serves)).toEqual([])
    expect(rows.map(({ name }) => name).sort()).toEqual([...tested].sort())
  })
})

async function nodesOf(query: string): Promise<Node[]> {
  const { rows } = await admin.query(`explain (analyze, format json) ${query}`)
  return flatten(rows[0]['QUERY PLAN'][0].Plan)
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
