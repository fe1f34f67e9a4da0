import { beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { givenCourier, givenOrder, givenStore } from '../support/given.ts'
import { broken, type Invariant, namesOf } from '../support/invariants.ts'

const { connect } = await freshDatabase()
const client = await connect()
const storeId = await givenStore(client)

// The negative control: each invariant gets a history that breaks only it.
describe('the invariants of dispatch', () => {
  beforeEach(async () => {
    await client.query('begin')
    return () => client.query('rollback')
  })

  it.each(['new', 'assigned', 'accepted', 'picked_up', 'delivered', 'failed', 'canceled'] as const)(
    'hold for an order that is %s',
    async (status) => {
      const held = status !== 'new' && status !== 'canceled'
      await givenOrder(client, { storeId, status, ...(held && { courierId: await givenCourier(client) }) })
      expect(await broken(client)).toEqual([])
    },
  )

  const defects: [Invariant, string][] = [
    ['held boxes equal the boxes of the live orders', 'update dispatch.couriers set held_boxes = 3'],
    [
      'no courier carries more than its capacity',
      `alter table dispatch.couriers drop constraint couriers_rules;
      update dispatch.couriers set capacity_boxes = 1`,
    ],
    [
      'each event starts in the status that the event before reached',
      `update dispatch.order_events set from_status = 'new' where type = 'accepted'`,
    ],
    [
      'each event is an allowed transition',
      `update dispatch.order_events set type = 'declined' where type = 'accepted'`,
    ],
    [
      'the fence rises by one with each assignment and never otherwise',
      `update dispatch.order_events set fence = 0 where type = 'claimed'`,
    ],
    [
      'only the holder of an order transitions it',
      `update dispatch.order_events set courier_id = courier_id + 1 where type = 'accepted'`,
    ],
    [
      'no courier gets an order again that it gave back',
      `insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence)
      select order_id, type, from_status, to_status, 'courier', '1', courier_id, 1 + (type = 'claimed')::int
      from (values ('released', 'accepted', 'new', 1), ('claimed', 'new', 'assigned', 2)) told (type, from_status, to_status, n),
        (select distinct order_id, courier_id from dispatch.order_events where type = 'claimed') taken
      order by n`,
    ],
    [
      'exactly the couriers that gave an order back are excluded',
      `insert into dispatch.order_exclusions (order_id, courier_id, reason)
      select id, courier_id, 'too far' from dispatch.orders`,
    ],
    ['the row equals the fold of its events', 'update dispatch.orders set version = version + 1'],
  ]

  it.each(defects)('report a violation of: %s', async (invariant, defect) => {
    const courierId = await givenCourier(client)
    await givenOrder(client, { storeId, status: 'accepted', courierId })
    await client.query(defect)
    expect(namesOf(await broken(client))).toContain(invariant)
  })
})
