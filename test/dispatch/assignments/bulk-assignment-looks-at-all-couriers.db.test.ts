import { beforeEach, describe, expect, it } from 'vitest'
import { assignManyStatement, assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { freshDatabase } from '../../support/database.ts'
import { explain } from '../../support/explain.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, givenCourier, givenOrder, givenStore } from '../support/given.ts'

const database = await freshDatabase()
const { admin } = database
const client = await database.connect()
const as = contextsOf(database, await freshProxy(database))
const storeId = await givenStore(admin)

beforeEach(async () => {
  await admin.query('truncate dispatch.orders, dispatch.order_exclusions, dispatch.couriers cascade')
})

/** Couriers on a grid of streets, each with another room, load and place, in an order that no formula of a place has. */
const givenTown = (couriers: number) =>
  admin.query(
    `insert into dispatch.couriers (name, available, capacity_boxes, held_boxes, last_lat, last_lng)
    select 'Ana', true, 4 + n % 9, n % 4, 51.2 + (n * 7919 % 1009) / 2000.0, -0.5 + (n * 104729 % 2003) / 2000.0
    from generate_series(1, $1::int) n`,
    [couriers],
  )

const assign = async () => {
  const answers = await assignOrders(as(asAdmin), { orderIds: null, limit: 500, courierIds: null })
  return answers.map((one) => [one.orderId, one.ok ? one.courierId : one.reason])
}

describe('a bulk assignment among more than two hundred couriers with room', () => {
  it('finds the one with room for the boxes, whatever its id', async () => {
    await admin.query(
      `insert into dispatch.couriers (name, available, capacity_boxes) select 'Ana', true, 1 from generate_series(1, 250)`,
    )
    const roomy = await givenCourier(admin, { capacity: 8 })
    const order = await givenOrder(admin, { storeId, boxes: 8 })
    expect(await assign()).toEqual([[order, roomy]])
  })

  it('finds another courier when the nearest ones gave the order back', async () => {
    await givenTown(300)
    const order = await givenOrder(admin, { storeId, boxes: 2, at: [51.5, -0.1] })
    const [[, nearest] = []] = await assign()
    await admin.query(`update dispatch.orders set status = 'new', courier_id = null, assigned_at = null,
      lease_expires_at = null, version = version + 1`)
    await admin.query(
      `insert into dispatch.order_exclusions (order_id, courier_id, reason) values ($1, $2, 'too far')`,
      [order, nearest],
    )
    const [[, other] = []] = await assign()
    expect(other).toEqual(expect.any(Number))
    expect(other).not.toBe(nearest)
  })

  it('plans as if it compared each order with each courier', async () => {
    await givenTown(400)
    for (let n = 0; n < 30; n += 1)
      await givenOrder(admin, {
        storeId,
        boxes: 1 + (n % 7),
        at: [51.3 + (n % 6) / 30, -0.3 + (n % 5) / 20],
      })
    const { rows } = await admin.query(`
      select p.order_id::int as "order", p.courier_id::int as courier
      from (
        select array_agg(id order by id) as ids, array_agg(boxes_count order by id) as boxes,
          array_agg(pickup_lat order by id) as lats, array_agg(pickup_lng order by id) as lngs
        from dispatch.orders
      ) o,
      (
        select array_agg(id order by id) as ids, array_agg(capacity_boxes - held_boxes order by id) as rooms,
          array_agg(held_boxes order by id) as loads, array_agg(last_lat order by id) as lats,
          array_agg(last_lng order by id) as lngs
        from dispatch.couriers
      ) c,
      dispatch.plan_assignments(o.ids, o.boxes, o.lats, o.lngs, c.ids, c.rooms, c.loads, c.lats, c.lngs) p`)
    expect(await assign()).toEqual(rows.map(({ order, courier }) => [order, courier]))
  })

  it('reads two thousand couriers in whole scans, weighs each once for an order, and locks at most a thousand', async () => {
    await givenTown(2_000)
    for (let n = 0; n < 100; n += 1)
      await givenOrder(admin, { storeId, boxes: 1 + (n % 7), at: [51.3 + (n % 6) / 30, -0.3 + (n % 5) / 20] })
    await admin.query('analyze dispatch.orders, dispatch.couriers')
    const { pages, nodes } = await planOfAssignment()
    const read = (of: (node: Node) => boolean) => nodes.filter(of).map(rowsOf)
    const weighed = read((node) => node['CTE Name'] === 'able')
    // The search for candidates, the lock and the update of the boxes.
    expect(read((node) => node['Relation Name'] === 'couriers').length).toBeLessThanOrEqual(4)
    expect(sumOf(read((node) => node['Relation Name'] === 'couriers'))).toBeLessThanOrEqual(3 * 2_000 + 100)
    expect(sumOf(weighed)).toBeLessThanOrEqual(100 * 2_000 + 2 * 2_000)
    expect(read((node) => node['Subplan Name'] === 'CTE free')[0]).toBeLessThanOrEqual(1_000)
    // A locked courier costs a page, and an order some twenty: its row, its indexes, its event and its courier.
    expect(pages).toBeLessThan(1_000 + 40 * 100)
  })
})

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'CTE Name'?: string
  'Subplan Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

/** The plan of a bulk assignment that is rolled back. */
async function planOfAssignment(): Promise<{ pages: number; nodes: Node[] }> {
  await client.query('begin')
  const statement = assignManyStatement(asAdmin, { orderIds: null, limit: 500, courierIds: null })
  const { rows } = await explain(client, statement)
  await client.query('rollback')
  const root: Node = rows[0]['QUERY PLAN'][0].Plan
  return { pages: root['Shared Hit Blocks'] + root['Shared Read Blocks'], nodes: flatten(root) }
}

const flatten = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flatten)]
const rowsOf = (node: Node) => Math.round(node['Actual Rows'] * node['Actual Loops'])
const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0)
