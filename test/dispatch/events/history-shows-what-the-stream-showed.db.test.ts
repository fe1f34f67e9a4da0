import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { assignOrder } from '../../../functions/dispatch/assignments/assign.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { declineOrder } from '../../../functions/dispatch/assignments/decline.ts'
import { OrderEvent } from '../../../functions/dispatch/events/contract.ts'
import { listEvents } from '../../../functions/dispatch/events/list.ts'
import { eventFor, type FeedEvent, orderFeed } from '../../../functions/dispatch/feed.ts'
import { editOrder } from '../../../functions/dispatch/orders/edit.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { sent } from '../../support/sent.ts'
import { contextsOf } from '../support/context.ts'
import { asAdmin, asCourier, asStore, givenCourier, givenOrder, givenStore } from '../support/given.ts'

const database = await freshDatabase()
const as = contextsOf(database, await freshProxy(database))
const { admin } = database
const storeId = await givenStore(admin)
const [ana, ben, eve] = [await givenCourier(admin), await givenCourier(admin), await givenCourier(admin)]

/** Claimed and declined by Ana, assigned to Ben, moved on to Ana's rival Eve, and given back. */
async function orderWithPast(): Promise<number> {
  const orderId = await givenOrder(admin, { storeId })
  await claimOrder(as(asCourier(ana)), { orderId, courierId: ana })
  await declineOrder(as(asCourier(ana)), { orderId, courierId: ana, fence: 1, reason: 'my bike broke' })
  await editOrder(as(asStore(storeId)), { id: orderId, version: 3, change: { phone: '+44 20 7946 0001' } })
  await assignOrder(as(asAdmin), { orderId, courierId: ben })
  await assignOrder(as(asAdmin), { orderId, courierId: eve })
  await declineOrder(as(asCourier(eve)), { orderId, courierId: eve, fence: 3, reason: 'too far' })
  return orderId
}

const history = async (who: Parameters<typeof as>[0], orderId: number) =>
  (await listEvents(as(who), { orderId, after: null, limit: 100 })) ?? []

describe('the history of an available order', () => {
  it('shows a courier neither former holders nor their reasons', async () => {
    const orderId = await orderWithPast()
    const stranger = await givenCourier(admin)
    const seen = await history(asCourier(stranger), orderId)
    expect(seen.length).toBeGreaterThan(3)
    for (const event of seen) expect(event).toMatchObject({ courierId: null, data: {}, actor: { id: null } })
  })

  it('shows a former holder its own part', async () => {
    const seen = await history(asCourier(ana), await orderWithPast())
    expect(seen.map(({ data }) => data)).toContainEqual({ reason: 'my bike broke' })
    expect(JSON.stringify(seen)).not.toContain('too far')
    expect(new Set(seen.map(({ courierId }) => courierId))).toEqual(new Set([null, ana]))
  })

  it('shows the store and an admin all of it', async () => {
    const orderId = await orderWithPast()
    const [ofStore, ofAdmin] = [await history(asStore(storeId), orderId), await history(asAdmin, orderId)]
    expect(ofStore).toEqual(ofAdmin)
    expect(ofAdmin.map(({ data }) => data)).toContainEqual({ reason: 'too far' })
  })

  it('shows each subscriber the events and fields that the stream shows it', async () => {
    const orderId = await orderWithPast()
    const rows = await as(asAdmin).db.query<{ event: FeedEvent }>(sent`
select ${orderFeed.event} as event
from dispatch.order_events e
${orderFeed.joined ?? sql``}
where e.order_id = ${orderId}
order by e.id`)
    for (const who of [asAdmin, asStore(storeId), asCourier(ana), asCourier(ben), asCourier(eve)]) {
      const streamed = rows.flatMap(({ event }) => eventFor(event, who)?.data ?? [])
      expect(await history(who, orderId)).toEqual(streamed.map((event) => OrderEvent.strip().parse(event)))
    }
  })
})
