import { connect } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenStore } from '../support/given.ts'
import { type Received, type Subscription, subscribe } from '../support/listener.ts'

const lines: string[] = []
const app = await freshWorker({ onLog: (line) => lines.push(line) })
const pool = app.database.admin
const admin = await app.token('admin', 'root')
const storeId = await givenStore(pool)
const store = await app.token('store', storeId)

const subscriptions: Subscription[] = []
// Also after a failure: the streams of one test would slow the next.
afterEach(() => subscriptions.splice(0).forEach((subscription) => subscription.close()))
async function subscribeAs(token: string, after?: string): Promise<Subscription> {
  const subscription = await subscribe(app, token, after)
  subscriptions.push(subscription)
  await subscription.ready
  return subscription
}

async function post(token: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await app.fetch(`/v1/dispatch${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer as Record<string, unknown>
}

const parcel = {
  deliveryAddress: '2 Long Lane',
  recipientName: 'Rosa',
  phone: '+44 20 7946 0000',
  boxesCount: 1,
}

async function newCourier(): Promise<{ id: number; token: string }> {
  const { id } = await post(admin, '/couriers', { name: 'Ana', available: true, capacityBoxes: 1000 })
  return { id: Number(id), token: await app.token('courier', Number(id)) }
}

const orderOf = ({ data }: Received) => Number(data['orderId'])
const storyOf = (received: Received[], orderId: number) =>
  received.filter((one) => orderOf(one) === orderId).map(({ type }) => type)

describe('a subscriber', () => {
  it('receives exactly the events it may read', async () => {
    const [ana, ben] = [await newCourier(), await newCourier()]
    const other = await app.token('store', await givenStore(pool))
    const [asAdmin, asStore, asOther, asAna, asBen] = await Promise.all(
      [admin, store, other, ana.token, ben.token].map((token) => subscribeAs(token)),
    )
    if (!asAdmin || !asStore || !asOther || !asAna || !asBen) throw new Error('five listen')
    const { id } = await post(store, '/orders', parcel)
    const orderId = Number(id)
    await asBen.until((received) => received.some((one) => orderOf(one) === orderId))
    await post(ana.token, `/orders/${orderId}/claim`)
    await post(ana.token, `/orders/${orderId}/accept`, { fence: 1 })
    await asAna.until((received) => storyOf(received, orderId).length === 3)
    await asAdmin.until((received) => storyOf(received, orderId).length === 3)
    await asStore.until((received) => storyOf(received, orderId).length === 3)
    const whole = ['created', 'claimed', 'accepted']
    expect(storyOf(asAdmin.received, orderId)).toEqual(whole)
    expect(storyOf(asStore.received, orderId)).toEqual(whole)
    expect(storyOf(asAna.received, orderId)).toEqual(whole)
    expect(storyOf(asOther.received, orderId)).toEqual([])
    // Ben receives both events, without the courier who claimed the order.
    await asBen.until((received) => storyOf(received, orderId).length === 2)
    const [came, went] = asBen.received.filter((one) => orderOf(one) === orderId)
    expect(came?.data).toMatchObject({
      type: 'created',
      order: { status: 'new', deliveryAddress: '2 Long Lane' },
    })
    expect(went?.data).toMatchObject({ type: 'claimed', courierId: null, actor: { id: null }, order: null })
    expect(JSON.stringify(asBen.received)).not.toContain('Rosa')
    expect(JSON.stringify(asBen.received)).not.toContain('20 7946')
    const claimed = asAna.received.find((one) => one.type === 'claimed')
    expect(claimed?.data).toMatchObject({ courierId: ana.id, order: { recipientName: 'Rosa' } })
  })

  it('receives nothing without a token', async () => {
    const response = await app.fetch('/v1/dispatch/events')
    expect(response.status).toBe(401)
  })

  it('receives a reset for an unknown cursor', async () => {
    for (const cursor of ['999999999-1', 'gibberish']) {
      const subscription = await subscribeAs(admin, cursor)
      await subscription.until(1)
      expect(subscription.received[0]).toMatchObject({ type: 'reset', data: { reason: 'unknown' } })
    }
  })
})

describe('a subscriber that loses its connection at random and resumes', () => {
  it('receives every event once and in order while eight clients write', async () => {
    const start = (await subscribeAs(admin)).cursor() ?? '0-0'
    const received: Received[] = []
    let cuts = 0
    let done = false
    async function follow(): Promise<void> {
      let after = start
      while (!done) {
        const subscription = await subscribeAs(admin, after)
        const until = 1 + Math.floor(Math.random() * 20)
        await Promise.race([subscription.until(until), finished.promise])
        subscription.close()
        await subscription.ended
        received.push(...subscription.received)
        after = subscription.received.at(-1)?.id ?? after
        cuts += 1
      }
    }
    const finished = Promise.withResolvers<void>()
    const witness = await subscribeAs(admin, start)
    const following = follow()
    const couriers = await Promise.all(Array.from({ length: 8 }, newCourier))
    for (let round = 0; round < 8; round++) {
      const before = cuts
      await Promise.all(
        couriers.map(async (courier) => {
          const { id } = await post(store, '/orders', parcel)
          await post(courier.token, `/orders/${String(id)}/claim`)
          await post(courier.token, `/orders/${String(id)}/accept`, { fence: 1 })
        }),
      )
      // A round has 24 events, so each round has a cut, on a fast machine and on a slow one.
      await expect.poll(() => cuts).toBeGreaterThan(before)
    }
    await witness.until(8 * 8 * 3)
    await expect.poll(() => received.length, { timeout: 60_000 }).toBeGreaterThan(8 * 8 * 3 - 30)
    done = true
    finished.resolve()
    await following
    const rest = await subscribeAs(admin, received.at(-1)?.id ?? start)
    const missing = 8 * 8 * 3 - received.length
    if (missing > 0) received.push(...(await rest.until(missing)))
    expect(received.map(({ id }) => id)).toEqual(witness.received.map(({ id }) => id))
    const { rows } = await pool.query(
      `select e.xid::text || '-' || e.id as id from dispatch.order_events e
      where (e.xid, e.id) > ($1::xid8, $2::bigint) order by e.xid, e.id`,
      start.split('-'),
    )
    expect(received.map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
    expect(cuts).toBeGreaterThanOrEqual(8)
  })
})

describe('two hundred subscribers', () => {
  it('cost Postgres a bounded number of transactions and receive the same events', async () => {
    await pool.query('create extension if not exists pg_stat_statements')
    const many = await Promise.all(Array.from({ length: 200 }, () => subscribeAs(store)))
    // Each count of polls lies within the seconds.
    const began = performance.now()
    const before = await polls()
    for (let nth = 1; nth <= 10; nth++) {
      await post(store, '/orders', parcel)
      await Promise.all(many.map((subscription) => subscription.until(nth)))
    }
    const reads = (await polls()) - before
    const seconds = (performance.now() - began) / 1000
    expect(reads).toBeGreaterThan(0)
    // At most ten polls a second.
    expect(reads).toBeLessThanOrEqual(seconds * 10 + 1)
    const [first] = many
    for (const subscription of many) expect(subscription.received).toEqual(first?.received)
    console.log(`200 subscribers, 10 events: ${reads} reads in ${seconds.toFixed(1)} s`)
  })

  it('are unaffected by one that stops reading and is dropped', async () => {
    const deaf = deafListener(store)
    onTestFinished(() => void deaf.destroy())
    const quick = await subscribeAs(store)
    const orders = Array.from({ length: 500 }, () => parcel)
    // More bytes than the buffers between the Worker and the client can hold.
    for (let nth = 1; nth <= 20; nth++) {
      await post(store, '/orders/bulk', { orders })
      await quick.until(nth * 500)
    }
    const dropped = () => lines.some((line) => line.includes('subscriber dropped'))
    await expect.poll(dropped, { timeout: 40_000 }).toBe(true)
    await post(store, '/orders', parcel)
    await quick.until(20 * 500 + 1)
  })

  it('cost nothing after all have disconnected', async () => {
    let last = -1
    const noReads = async () => {
      // The Worker notices a closed connection at its next write, at the latest a heartbeat.
      await post(store, '/orders', parcel)
      const now = await polls()
      const same = now === last
      last = now
      return same
    }
    // Longer than two polls.
    await expect.poll(noReads, { interval: 1000, timeout: 60_000 }).toBe(true)
  })
})

/** The number of reads of the feed: each begins with its horizon. */
async function polls(): Promise<number> {
  const { rows } = await pool.query(
    `select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
      and query like '%/* core.mark-horizon */%'`,
  )
  return rows[0].calls
}

/** Requests the stream and then reads nothing from the socket. */
function deafListener(token: string) {
  const { hostname, port } = new URL(app.url)
  const deaf = connect(Number(port), hostname)
  deaf.on('error', () => undefined)
  deaf.write(
    `GET /v1/dispatch/events HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\n\r\n`,
  )
  deaf.pause()
  return deaf
}
