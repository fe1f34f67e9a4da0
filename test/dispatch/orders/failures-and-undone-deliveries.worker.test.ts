import { describe, expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker()
const admin = await app.token('admin', 'root')

type Answer = { status: number; body: Record<string, unknown> }

async function send(token: string, path: string, body?: object): Promise<Answer> {
  const response = await app.fetch(`/v1/dispatch${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await response.json()
  return { status: response.status, body: answer as Record<string, unknown> }
}

async function givenPlace() {
  const { body: store } = await send(admin, '/stores', { name: 'Baker', pickupAddress: '1 Market Street' })
  const { body: ana } = await send(admin, '/couriers', { name: 'Ana', available: true })
  const { body: ben } = await send(admin, '/couriers', { name: 'Ben', available: true })
  const tokens = {
    store: await app.token('store', String(store['id'])),
    ana: await app.token('courier', String(ana['id'])),
    ben: await app.token('courier', String(ben['id'])),
  }
  const { body: order } = await send(tokens.store, '/orders', {
    deliveryAddress: '2 Long Lane',
    recipientName: 'Rosa',
    phone: '+44 20 7946 0000',
    boxesCount: 5,
  })
  return { ...tokens, order: Number(order['id']), anaId: Number(ana['id']), benId: Number(ben['id']) }
}

async function held(id: number): Promise<number> {
  const { rows } = await app.database.admin.query('select held_boxes from dispatch.couriers where id = $1', [
    id,
  ])
  return Number(rows[0].held_boxes)
}

async function toPickedUp(given: Awaited<ReturnType<typeof givenPlace>>): Promise<number> {
  const { body } = await send(given.ana, `/orders/${given.order}/claim`)
  const fence = Number(body['fence'])
  await send(given.ana, `/orders/${given.order}/accept`, { fence })
  await send(given.ana, `/orders/${given.order}/pickup`, { fence })
  return fence
}

describe('an order whose delivery failed', () => {
  it('keeps the reason and the attempts, and can be reopened for all couriers or returned', async () => {
    const given = await givenPlace()
    const fence = await toPickedUp(given)
    const failed = await send(given.ana, `/orders/${given.order}/fail`, { fence, reason: 'nobody at home' })
    expect(failed.body).toMatchObject({ status: 'failed', attempts: 1, failureReason: 'nobody at home' })
    expect(await held(given.anaId)).toBe(0)
    const reopened = await send(given.store, `/orders/${given.order}/reopen`)
    expect(reopened.body).toMatchObject({ status: 'new', attempts: 1, failureReason: null, courierId: null })
    const claimed = await send(given.ben, `/orders/${given.order}/claim`)
    expect(claimed.body).toMatchObject({ status: 'assigned', fence: fence + 1 })
    const early = await send(given.store, `/orders/${given.order}/return`)
    expect(early).toMatchObject({
      status: 409,
      body: { code: 'illegal_transition', from: 'assigned', to: 'returned' },
    })
    for (const step of ['accept', 'pickup'])
      await send(given.ben, `/orders/${given.order}/${step}`, { fence: fence + 1 })
    await send(given.ben, `/orders/${given.order}/fail`, { fence: fence + 1, reason: 'moved away' })
    const returned = await send(given.store, `/orders/${given.order}/return`)
    expect(returned.body).toMatchObject({ status: 'returned', attempts: 2, failureReason: 'moved away' })
  })
})

describe('an admin', () => {
  it('reassigns an order to another courier and invalidates the old fence', async () => {
    const given = await givenPlace()
    const { body: claimed } = await send(given.ana, `/orders/${given.order}/claim`)
    const fence = Number(claimed['fence'])
    await send(given.ana, `/orders/${given.order}/accept`, { fence })
    const assigned = await send(admin, `/orders/${given.order}/assign`, { courierId: given.benId })
    expect(assigned.body).toMatchObject({ status: 'assigned', courierId: given.benId, fence: fence + 1 })
    expect([await held(given.anaId), await held(given.benId)]).toEqual([0, 5])
    const late = await send(given.ana, `/orders/${given.order}/pickup`, { fence })
    expect(late).toMatchObject({ status: 409, body: { code: 'stale_fence' } })
    const twice = await send(admin, `/orders/${given.order}/assign`, { courierId: given.benId })
    expect(twice).toMatchObject({ status: 409, body: { code: 'order_taken' } })
    const nobody = await send(admin, `/orders/${given.order}/assign`, { courierId: 999_999 })
    expect(nobody.status).toBe(404)
  })
})

describe('a delivery', () => {
  it('can be undone by its courier or an admin until it is final', async () => {
    const given = await givenPlace()
    const fence = await toPickedUp(given)
    await send(given.ana, `/orders/${given.order}/deliver`, { fence })
    const byAnother = await send(given.ben, `/orders/${given.order}/undo`, { fence })
    expect(byAnother.status).toBe(404)
    const withoutFence = await send(given.ana, `/orders/${given.order}/undo`, {})
    expect(withoutFence).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
    const undone = await send(given.ana, `/orders/${given.order}/undo`, { fence, reason: 'wrong door' })
    expect(undone.body).toMatchObject({ status: 'picked_up', deliveredAt: null })
    expect(await held(given.anaId)).toBe(5)
    await send(given.ana, `/orders/${given.order}/deliver`, { fence })
    expect((await send(admin, `/orders/${given.order}/undo`, {})).body).toMatchObject({ status: 'picked_up' })
    await send(given.ana, `/orders/${given.order}/deliver`, { fence })
    await app.database.admin.query(
      `update dispatch.orders set delivered_at = now() - interval '5 minutes' where id = $1`,
      [given.order],
    )
    expect(await send(given.ana, `/orders/${given.order}/undo`, { fence })).toMatchObject({
      status: 409,
      body: { code: 'delivery_final' },
    })
    await app.scheduled('* * * * *')
    const { rows } = await app.database.admin.query(
      `select type, subject, data from core.outbox where subject = $1`,
      [`order:${given.order}`],
    )
    expect(rows).toMatchObject([
      { type: 'order.delivered', data: { orderId: given.order, courierId: given.anaId } },
    ])
  })
})

describe('a lost claim', () => {
  it('is counted per order and courier', async () => {
    const given = await givenPlace()
    await send(given.ana, `/orders/${given.order}/claim`)
    for (let asked = 0; asked < 3; asked++)
      expect((await send(given.ben, `/orders/${given.order}/claim`)).body['code']).toBe('order_taken')
    const { rows } = await app.database.admin.query(
      'select courier_id, times from dispatch.lost_claims where order_id = $1',
      [given.order],
    )
    expect(rows).toEqual([{ courier_id: String(given.benId), times: 3 }])
  })
})
