import { connect } from 'node:net'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenStore } from '../given.ts'
import { type Ear, type Heard, listen } from './listening.ts'

const lines: string[] = []
const app = await freshWorker({ onLog: (line) => lines.push(line) })
const pool = app.database.admin
const admin = await app.token('admin', 'root')
const storeId = await givenStore(pool)
const store = await app.token('store', storeId)

const ears: Ear[] = []
afterAll(() => ears.forEach((ear) => ear.hangUp()))
async function hear(token: string, after?: string): Promise<Ear> {
  const ear = await listen(app, token, after)
  ears.push(ear)
  await ear.ready
  return ear
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

const orderOf = ({ data }: Heard) => Number(data['orderId'])
const storyOf = (heard: Heard[], orderId: number) =>
  heard.filter((one) => orderOf(one) === orderId).map(({ type }) => type)

describe('who listens', () => {
  it('hears what it may read and nothing else, within a second', async () => {
    const [ana, ben] = [await newCourier(), await newCourier()]
    const other = await app.token('store', await givenStore(pool))
    const [asAdmin, asStore, asOther, asAna, asBen] = await Promise.all(
      [admin, store, other, ana.token, ben.token].map((token) => hear(token)),
    )
    if (!asAdmin || !asStore || !asOther || !asAna || !asBen) throw new Error('five listen')
    const before = performance.now()
    const { id } = await post(store, '/orders', parcel)
    const orderId = Number(id)
    await asBen.until((heard) => heard.some((one) => orderOf(one) === orderId))
    expect(performance.now() - before).toBeLessThan(1000)
    await post(ana.token, `/orders/${orderId}/claim`)
    await post(ana.token, `/orders/${orderId}/accept`, { fence: 1 })
    await asAna.until((heard) => storyOf(heard, orderId).length === 3)
    await asAdmin.until((heard) => storyOf(heard, orderId).length === 3)
    await asStore.until((heard) => storyOf(heard, orderId).length === 3)
    const whole = ['created', 'claimed', 'accepted']
    expect(storyOf(asAdmin.heard, orderId)).toEqual(whole)
    expect(storyOf(asStore.heard, orderId)).toEqual(whole)
    expect(storyOf(asAna.heard, orderId)).toEqual(whole)
    expect(storyOf(asOther.heard, orderId)).toEqual([])
    // Ben learns that it came and that it went, not to whom.
    await asBen.until((heard) => storyOf(heard, orderId).length === 2)
    const [came, went] = asBen.heard.filter((one) => orderOf(one) === orderId)
    expect(came?.data).toMatchObject({
      type: 'created',
      order: { status: 'new', deliveryAddress: '2 Long Lane' },
    })
    expect(went?.data).toMatchObject({ type: 'claimed', courierId: null, actor: { id: null }, order: null })
    expect(JSON.stringify(asBen.heard)).not.toContain('Rosa')
    expect(JSON.stringify(asBen.heard)).not.toContain('7946')
    const claimed = asAna.heard.find((one) => one.type === 'claimed')
    expect(claimed?.data).toMatchObject({ courierId: ana.id, order: { recipientName: 'Rosa' } })
    for (const ear of ears) ear.hangUp()
  })

  it('hears nothing without a token', async () => {
    const response = await app.fetch('/v1/dispatch/events')
    expect(response.status).toBe(401)
  })

  it('is told to start over with a cursor that is not from here', async () => {
    for (const cursor of ['999999999-1', 'gibberish']) {
      const ear = await hear(admin, cursor)
      await ear.until(1)
      expect(ear.heard[0]).toMatchObject({ type: 'reset', data: { reason: 'unknown' } })
    }
  })
})

describe('a listener that is cut off at random and comes back', () => {
  it('has heard every event once, in order, while eight write', async () => {
    const start = (await hear(admin)).cursor() ?? '0-0'
    const heard: Heard[] = []
    let cuts = 0
    let done = false
    async function follow(): Promise<void> {
      let after = start
      while (!done) {
        const ear = await hear(admin, after)
        const until = 1 + Math.floor(Math.random() * 25)
        await Promise.race([ear.until(until), finished.promise])
        ear.hangUp()
        await ear.ended
        heard.push(...ear.heard)
        after = ear.heard.at(-1)?.id ?? after
        cuts += 1
      }
    }
    const finished = Promise.withResolvers<void>()
    const witness = await hear(admin, start)
    const following = follow()
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const courier = await newCourier()
        for (let nth = 0; nth < 8; nth++) {
          const { id } = await post(store, '/orders', parcel)
          await post(courier.token, `/orders/${String(id)}/claim`)
          await post(courier.token, `/orders/${String(id)}/accept`, { fence: 1 })
        }
      }),
    )
    await witness.until(8 * 8 * 3)
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBeGreaterThan(8 * 8 * 3 - 30)
    done = true
    finished.resolve()
    await following
    const rest = await hear(admin, heard.at(-1)?.id ?? start)
    const missing = 8 * 8 * 3 - heard.length
    if (missing > 0) heard.push(...(await rest.until(missing)))
    expect(heard.map(({ id }) => id)).toEqual(witness.heard.map(({ id }) => id))
    const { rows } = await pool.query(
      `select e.xid::text || '-' || e.id as id from dispatch.order_events e
      where (e.xid, e.id) > ($1::xid8, $2::bigint) order by e.xid, e.id`,
      start.split('-'),
    )
    expect(heard.map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
    expect(cuts).toBeGreaterThan(4)
  })
})

describe('two hundred listeners', () => {
  it('cost Postgres a bounded number of transactions, and all hear the same', async () => {
    await pool.query('create extension if not exists pg_stat_statements')
    const many = await Promise.all(Array.from({ length: 200 }, () => hear(store)))
    const before = { polls: await polls(), at: performance.now(), memory: 0 }
    for (let nth = 1; nth <= 10; nth++) {
      await post(store, '/orders', parcel)
      await Promise.all(many.map((ear) => ear.until(nth)))
    }
    const seconds = (performance.now() - before.at) / 1000
    const asked = (await polls()) - before.polls
    // Ten rounds a second at most.
    expect(asked).toBeLessThanOrEqual(seconds * 10 + 1)
    const [first] = many
    for (const ear of many) expect(ear.heard).toEqual(first?.heard)
    for (const ear of many) ear.hangUp()
    console.log(`200 listeners, 10 events: ${asked} reads in ${seconds.toFixed(1)} s`)
  })

  it('do not notice that one of them reads nothing, which is dropped', async () => {
    const deaf = deafListener(store)
    onTestFinished(() => void deaf.destroy())
    const quick = await hear(store)
    const orders = Array.from({ length: 500 }, () => parcel)
    // More than all buffers on the way can hold.
    for (let nth = 1; nth <= 20; nth++) {
      await post(store, '/orders/bulk', { orders })
      await quick.until(nth * 500)
    }
    const dropped = () => lines.some((line) => line.includes('subscriber dropped'))
    await expect.poll(dropped, { timeout: 40_000 }).toBe(true)
    await post(store, '/orders', parcel)
    await quick.until(20 * 500 + 1)
  })

  it('that have all gone cost nothing more', async () => {
    for (const ear of ears) ear.hangUp()
    let last = -1
    const unasked = async () => {
      // That nobody is there any more is noticed when something is written to them, at the latest a heartbeat.
      await post(store, '/orders', parcel)
      const now = await polls()
      const same = now === last
      last = now
      return same
    }
    // Longer than two rounds.
    await expect.poll(unasked, { interval: 1000, timeout: 60_000 }).toBe(true)
  })
})

/** How often the feed was read. */
async function polls(): Promise<number> {
  const { rows } = await pool.query(
    `select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
      and query like 'select e.xid::text as xid%'`,
  )
  return rows[0].calls
}

/** Asks for the stream and then takes nothing off the wire. */
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
