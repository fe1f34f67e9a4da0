import { describe, expect, it } from 'vitest'
import { effect } from '../../../functions/core/idempotency.ts'
import { type Cursor, cursorStatuses, readBehindHorizon, readFeed } from '../../../functions/core/stream.ts'
import { removeOldEvents } from '../../../functions/dispatch/events/remove-old.ts'
import { orderFeed, orderOutgoing } from '../../../functions/dispatch/feed.ts'
import { fanOut } from '../../../functions/webhooks/deliveries/fan-out.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'
import { givenCourier, givenOrder, givenStore } from '../support/given.ts'

const database = await freshDatabase()
const pool = database.admin
const ctx = contextsOf(database, await freshProxy(database))(null)
const storeId = await givenStore(pool)

const remove = () => effect<{ rows: number }>(ctx, removeOldEvents())

async function eventsOf(orderId: number): Promise<number> {
  const { rows } = await pool.query(
    'select count(*)::int as n from dispatch.order_events where order_id = $1',
    [orderId],
  )
  return rows[0].n
}

/** Moves all rows this many days into the past. */
async function age(days: number): Promise<void> {
  await pool.query(`update dispatch.order_events set created_at = now() - make_interval(days => $1)`, [days])
  await pool.query(
    `update dispatch.orders set settled_at = now() where status = 'delivered' and settled_at is null`,
  )
}

describe('order events', () => {
  it('are removed after ninety days if the order has ended and webhooks have read them, and cursors survive', async () => {
    const courierId = await givenCourier(pool, { capacity: 100 })
    const ended = await givenOrder(pool, { storeId, courierId, status: 'delivered' })
    const live = await givenOrder(pool, { storeId, courierId, status: 'accepted' })
    await age(91)
    expect(await remove()).toMatchObject({ rows: 0 })
    await fanOut(ctx, orderOutgoing)
    const [[first] = []] = (await readBehindHorizon(ctx.db, orderFeed, [
      readFeed(orderFeed, { xid: '0', seq: '0' }, 1),
    ])) as Cursor[][]
    const fresh = await givenOrder(pool, { storeId, status: 'canceled' })
    expect(await remove()).toMatchObject({ rows: 5 })
    expect([await eventsOf(ended), await eventsOf(live), await eventsOf(fresh)]).toEqual([0, 3, 2])
    const { rows } = await pool.query(
      `select xid::text, seq::text from core.feed_positions where name = 'removed:dispatch'`,
    )
    const before = first ?? { xid: '0', seq: '0' }
    const [statuses] = await readBehindHorizon(ctx.db, orderFeed, [
      cursorStatuses(orderFeed, [before, rows[0], { xid: '0', seq: '0' }]),
    ])
    expect(statuses).toEqual([{ status: 'expired' }, { status: 'known' }, { status: 'expired' }])
  })

  it('stay while a second reader has yet to read them', async () => {
    const ended = await givenOrder(pool, { storeId, status: 'canceled' })
    await age(91)
    await fanOut(ctx, orderOutgoing)
    await pool.query(
      `insert into core.feed_positions (name, xid, seq)
      select 'billing:dispatch', xid, id - 1 from dispatch.order_events where order_id = $1 order by id limit 1`,
      [ended],
    )
    await remove()
    expect(await eventsOf(ended)).toBe(2)
    await pool.query(`delete from core.feed_positions where name = 'billing:dispatch'`)
    await remove()
    expect(await eventsOf(ended)).toBe(0)
  })

  it('leave with the lost claims of the same age, in portions until both are removed', async () => {
    const orderId = await givenOrder(pool, { storeId, status: 'canceled' })
    await pool.query(
      `insert into dispatch.lost_claims (order_id, courier_id, last_at)
       select $1, n, now() - interval '91 days' from generate_series(1, 10001) n`,
      [orderId],
    )
    expect(await remove()).toEqual({ rows: 5_000, more: true })
    expect(await remove()).toEqual({ rows: 5_000, more: true })
    expect(await remove()).toEqual({ rows: 1, more: false })
  })

  it('cannot be removed by the Worker’s role, nor before ninety days', async () => {
    const worker = await database.connect(database.workerUrl)
    await expect(worker.query('delete from dispatch.order_events')).rejects.toMatchObject({ code: '42501' })
    await expect(worker.query(`update dispatch.order_events set data = '{}'`)).rejects.toMatchObject({
      code: '42501',
    })
    const courierId = await givenCourier(pool)
    const recent = await givenOrder(pool, { storeId, courierId, status: 'delivered' })
    await age(89)
    await fanOut(ctx, orderOutgoing)
    expect(await remove()).toMatchObject({ rows: 0 })
    expect(await eventsOf(recent)).toBe(5)
  })
})
