import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'
import { startReceiver } from '../support/receiver.ts'
import { anotherOrder, caller, orderToPickup, passPauses, runMinute } from '../support/subscriber.ts'

const receiver = await startReceiver()
const database = await freshDatabase()
const bindings = {
  WEBHOOK_ALLOW: receiver.origin,
  WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
  WEBHOOK_LINGER_SECONDS: '0',
}
// Each test kills one of them. They share only the database.
const workers = await Promise.all([0, 1, 2].map(() => freshWorker({ database, bindings })))
const [first, second, third] = workers
if (!first || !second || !third) throw new Error('three Workers were started')

const { storeId } = await orderToPickup(first)

async function subscribe(app: TestWorker, path: string): Promise<number> {
  const store = caller(app, await app.token('store', storeId))
  const { body } = await store.post('/v1/webhooks', {
    body: { url: receiver.origin + path, events: ['order.*'] },
  })
  return Number(body['id'])
}

/** Ends the lease and the claims of the killed Worker, as two minutes would. */
async function expireClaims(app: TestWorker): Promise<void> {
  await database.admin.query(`update core.leases set expires_at = now()`)
  await passPauses(app)
}

describe('a Worker that is killed', () => {
  it('between the commit of a change and its delivery loses nothing: the next Worker delivers every event', async () => {
    await subscribe(first, '/before')
    const orderId = await anotherOrder(first, storeId)
    await first.kill()
    await runMinute(second)
    expect(receiver.at('/before').map(({ body }) => JSON.parse(body))).toMatchObject(
      ['order.created', 'order.claimed', 'order.accepted', 'order.picked_up'].map((type) => ({
        type,
        data: { orderId },
      })),
    )
  })

  it('during a delivery loses nothing: an event that arrives twice has the same id and body', async () => {
    const id = await subscribe(second, '/during')
    await anotherOrder(second, storeId)
    await anotherOrder(second, storeId)
    // The first event of each order is being sent, and the receiver never answers.
    receiver.script('/during', 'hang', 'hang')
    const run = runMinute(second).catch(() => 'killed')
    await receiver.until(() => receiver.at('/during').length === 2)
    await second.kill()
    await run
    const { rows: lost } = await database.admin.query(
      `select a.outcome, d.state
      from webhooks.webhook_attempts a
      join webhooks.webhook_deliveries d on d.id = a.delivery_id
      where d.webhook_id = $1`,
      [id],
    )
    expect(lost).toEqual([0, 1].map(() => ({ outcome: null, state: 'waiting' })))
    await runMinute(third)
    // They are still claimed, because their sender may still report.
    expect(receiver.at('/during')).toHaveLength(2)
    await expireClaims(third)
    await runMinute(third)
    const [one, other, ...rest] = receiver.at('/during')
    const again = rest.filter(({ id: eventId }) => eventId === one?.id || eventId === other?.id)
    const bodies = (all: typeof rest) => new Map(all.map(({ id: eventId, body }) => [eventId, body]))
    expect(bodies(again)).toEqual(bodies(receiver.at('/during').slice(0, 2)))
    const accepted = receiver.accepted('/during').map(({ id: eventId }) => eventId)
    expect(accepted).toHaveLength(8)
    expect(new Set(accepted).size).toBe(8)
    const { rows } = await database.admin.query(
      `select state, count(*)::int as n from webhooks.webhook_deliveries where webhook_id = $1 group by state`,
      [id],
    )
    expect(rows).toEqual([{ state: 'delivered', n: 8 }])
  })
})
