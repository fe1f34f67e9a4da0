import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { assignStatement } from '../../../functions/dispatch/assignments/assign.ts'
import { assignManyStatement } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimStatement } from '../../../functions/dispatch/assignments/claim.ts'
import { claimNextStatement } from '../../../functions/dispatch/assignments/claim-next.ts'
import { returnExpired } from '../../../functions/dispatch/assignments/return-expired.ts'
import { createStatement } from '../../../functions/dispatch/orders/create.ts'
import { dailyStatement } from '../../../functions/dispatch/orders/daily-stats.ts'
import { listStatement } from '../../../functions/dispatch/orders/list.ts'
import { settleDeliveries } from '../../../functions/dispatch/orders/settle.ts'
import { transitionStatement } from '../../../functions/dispatch/orders/transition.ts'
import { transitionByCourierStatement } from '../../../functions/dispatch/orders/transition-by-courier.ts'
import { transitionManyStatement } from '../../../functions/dispatch/orders/transition-many.ts'
import { undoStatement } from '../../../functions/dispatch/orders/undo.ts'
import { transitions } from '../../../functions/dispatch/rules.ts'
import { freshDatabase } from '../../support/database.ts'
import { explain } from '../../support/explain.ts'
import { indexedAfterwards, inStepsUnchecked } from '../../support/fill.ts'
import { asAdmin, asCourier, asStore } from '../support/given.ts'
import { parcel } from '../support/http.ts'

const database = await freshDatabase()
const client = await database.connect()
const dialect = new PgDialect()

const stranger = 200
const near = 199

beforeAll(async () => {
  await client.query(`
    -- Vacuum calls no page all-visible while the commit that filled it is not on disk.
    set synchronous_commit = on;
    insert into dispatch.stores (name, pickup_address) select 'Store ' || n, n || ' Market Street' from generate_series(1, 50) n;
    insert into dispatch.couriers (name, available, capacity_boxes, last_lat, last_lng)
    select 'Courier ' || n, true, 1000, case when n = ${near} then 51.5 end, case when n = ${near} then -0.12 end
    from generate_series(1, 200) n`)
  await indexedAfterwards(client, ['dispatch.orders'], fillOrders)
  await client.query(`
    update dispatch.couriers c
    set held_boxes = live.boxes
    from (
      select courier_id, sum(boxes_count)::int as boxes from dispatch.orders
      where status in ('assigned', 'accepted', 'picked_up') group by courier_id
    ) live
    where c.id = live.courier_id`)
  await indexedAfterwards(client, ['dispatch.order_events'], fillEvents)
  await client.query('vacuum (analyze) dispatch.orders, dispatch.order_events, dispatch.couriers')
})

const fillOrders = () =>
  inStepsUnchecked(client, 100_000, (from, to) =>
    client.query(`
    insert into dispatch.orders (
      store_id, status, courier_id, pickup_address, delivery_address, recipient_name, phone, boxes_count, price_minor,
      pickup_lat, pickup_lng, assigned_at, accepted_at, picked_up_at, delivered_at, lease_expires_at, fence, created_at
    )
    select 1 + n % 50, status, case when status <> 'new' then 1 + n % 198 end, '1 Market Street', n || ' Long Lane', 'Rosa', '1',
      1, 3500, degrees(asin(2 * (n * 7919 % 100000) / 100000.0 - 1)), n * 7919 % 360 - 180,
      case when status <> 'new' then created_at end,
      case when status in ('accepted', 'picked_up', 'delivered') then created_at end,
      case when status in ('picked_up', 'delivered') then created_at end, case when status = 'delivered' then created_at end,
      case when status = 'assigned' then now() + make_interval(secs => n - 95000) end, (status <> 'new')::int, created_at
    from (
      select n, now() - (100000 - n) * interval '1 minute' as created_at,
        case when n <= 80000 then 'delivered'
          else (array['new', 'new', 'assigned', 'accepted', 'picked_up'])[1 + n % 5] end as status
      from generate_series(${from}, ${to}) n
    ) made`),
  )

const fillEvents = () =>
  inStepsUnchecked(client, 100_000, (from, to) =>
    client.query(`
    insert into dispatch.order_events (order_id, type, to_status, actor_role, actor_id, fence, created_at)
    select id, 'created', 'new', 'store', '1', 0, created_at from dispatch.orders where id between ${from} and ${to}`),
  )

const list = { storeId: null, courierId: null, since: null, before: null, limit: 51 }
const statuses = [
  'new',
  'assigned',
  'accepted',
  'picked_up',
  'delivered',
  'canceled',
  'failed',
  'returned',
] as const
const newest: [string, number] = ['2099-01-01T00:00:00Z', 1]

describe('with a hundred thousand orders, an ordered range of one index and its rows answer', () => {
  it.each([
    ['a list of one status', 'idx_orders_list', asAdmin, { ...list, statuses: ['new'] as const }, 40],
    [
      'its next page',
      'idx_orders_list',
      asAdmin,
      { ...list, statuses: ['delivered'] as const, before: newest },
      40,
    ],
    ['a list of every status', 'idx_orders_list', asAdmin, { ...list, statuses }, 160],
    ['a store’s list', 'idx_orders_store', asStore(7), { ...list, statuses: ['new'] as const }, 60],
    [
      'what a courier may claim',
      'idx_orders_list',
      asCourier(7),
      { ...list, statuses: ['new'] as const },
      40,
    ],
  ])('%s', async (_what, index, principal, asked, pages) => {
    const plan = await planOf(listStatement(principal, asked))
    expect([...new Set(plan.scans.map(String))]).toEqual([`Index Scan,${index}`])
    expect(plan.pages).toBeLessThan(pages)
  })
})

const held = { orderId: 99_998, courierId: 1 + (99_998 % 198), fence: 1 }

describe('with a hundred thousand orders, a few pages and no sequential scan suffice for', () => {
  it.each([
    ['a claim', claimStatement(asCourier(stranger), { orderId: 99_996, courierId: stranger }), [], 120],
    [
      'the oldest order for a courier without a position',
      claimNextStatement(asCourier(stranger), { courierId: stranger, accept: false, from: 0 }),
      ['idx_orders_claimable'],
      160,
    ],
    [
      'the nearest order',
      claimNextStatement(asCourier(near), { courierId: near, accept: true, from: 0 }),
      ['idx_orders_near'],
      160,
    ],
    [
      'an accept',
      transitionByCourierStatement(asCourier(held.courierId), {
        ...held,
        orderId: 99_997,
        courierId: 1 + (99_997 % 198),
        ...transitions.accept,
        type: 'accepted',
        set: sql`accepted_at = now(), lease_expires_at = null`,
      }),
      [],
      120,
    ],
    [
      'a cancel',
      transitionStatement(asStore(1), {
        orderId: 99_950,
        ...transitions.cancel,
        type: 'canceled',
        set: sql`canceled_at = now(), lease_expires_at = null`,
        frees: true,
      }),
      [],
      140,
    ],
  ] as const)('%s', async (_what, statement, indexes, pages) => {
    const plan = await planOf(statement)
    expect(plan.outcome).toMatchObject({ ok: true })
    expect(plan.scannedWhole).toEqual([])
    expect(plan.scans.map(([, index]) => index)).toEqual(expect.arrayContaining([...indexes]))
    expect(plan.pages).toBeLessThan(pages)
  })

  it.each([
    ['an assignment', assignStatement(asAdmin, { orderId: 99_995, courierId: stranger }), 160],
    ['an undo', undoStatement(asAdmin, { orderId: 80_000, by: null, reason: 'wrong door' }), 60],
    ['a create', createStatement(asStore(1), [{ storeId: 1, ...parcel }]), 160],
    [
      'a pickup of many',
      transitionManyStatement(asAdmin, { step: 'pickup', orders: [{ orderId: 99_998, fence: 1 }] }),
      160,
    ],
    [
      'an assignment of the ten oldest',
      assignManyStatement(asAdmin, { orderIds: null, limit: 10, courierIds: null }),
      700,
    ],
  ] as const)('%s', async (_what, statement, pages) => {
    const plan = await planOf(statement)
    expect(plan.scannedWhole).not.toContain('orders')
    expect(plan.scannedWhole).not.toContain('order_events')
    expect(plan.pages).toBeLessThan(pages)
  })

  it('the report of a month reads the pages of that month', async () => {
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
    const plan = await planOf(dailyStatement({ from: day(50), until: day(20) }))
    expect(plan.scans).toContainEqual(['Bitmap Index Scan', 'idx_orders_created_brin'])
    expect(plan.scannedWhole).not.toContain('orders')
    // Thirty of seventy days, and a range of pages at each end.
    const { rows } = await client.query(
      `select relpages from pg_class where oid = 'dispatch.orders'::regclass`,
    )
    expect(plan.pages).toBeLessThan(rows[0].relpages * 0.55 + 150)
  })

  it.each([
    ['the sweep of leases', returnExpired(), 'idx_orders_leases'],
    ['the settlement of deliveries', settleDeliveries(), 'idx_orders_unsettled'],
  ])('%s reads only the due rows', async (_what, statement, index) => {
    const { scans, scannedWhole } = await planOf(statement)
    expect(scans).toContainEqual(['Index Scan', index])
    expect(scannedWhole).not.toContain('orders')
  })
})

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

/** Runs a statement, rolls it back, and returns its plan and outcome. */
async function planOf(statement: SQL) {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  await client.query('begin')
  try {
    await client.query('savepoint before')
    const { rows } = await client.query(text, params)
    await client.query('rollback to before')
    const { rows: explained } = await explain(client, statement)
    const root: Node = explained[0]['QUERY PLAN'][0].Plan
    const nodes = flatten(root)
    return {
      outcome: rows[0].outcome,
      scans: nodes.flatMap((node): [string, string | undefined][] =>
        node['Node Type'].endsWith(' Scan') && (node['Index Name'] ?? node['Relation Name']) !== undefined
          ? [[node['Node Type'], node['Index Name']]]
          : [],
      ),
      scannedWhole: nodes.flatMap((node) =>
        node['Node Type'] === 'Seq Scan' ? [node['Relation Name']] : [],
      ),
      pages: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    }
  } finally {
    await client.query('rollback')
  }
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
