import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { OrderStatus } from '../../../schema/dispatch/states.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenCouriers, givenStore } from '../support/given.ts'
import { type Answer, type Caller, caller, parcel } from '../support/http.ts'
import { broken } from '../support/invariants.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const client = app.database.admin
const storeId = await givenStore(client)
const store = await caller(app, 'store', storeId)
const crew = await Promise.all(
  (await givenCouriers(client, 3)).map(async (id) => ({ id, caller: await caller(app, 'courier', id) })),
)

/** The model of dispatch, without locks, SQL or a clock; a command expires leases. */
type Order = {
  id: number
  status: OrderStatus
  fence: number
  boxes: number
  holder: number | null
  everHeld: Set<number>
  shunned: Set<number>
  /** The number of the command that ended the lease, or 0 while it lasts. */
  leaseOver: number
}
type Model = { orders: Order[]; capacity: number; expiries: number }
type Expected = [status: number, code?: string]
type Courier = { id: number; caller: Caller }

/** The numbers of a command select an order and a courier; without orders the command does not run. */
type Act = { name: string; order: number; courier: number; stale: boolean; boxes: number }
type Meeting = { model: Model; order: Order; courier: Courier; act: Act }

const steps = {
  accept: { from: ['assigned'], to: 'accepted' },
  pickup: { from: ['accepted'], to: 'picked_up' },
  deliver: { from: ['picked_up'], to: 'delivered' },
  decline: { from: ['assigned'], to: 'new' },
  release: { from: ['assigned', 'accepted'], to: 'new' },
} as const satisfies Record<string, { from: readonly OrderStatus[]; to: OrderStatus }>

const commands = {
  async create({ model, act: { boxes } }: Pick<Meeting, 'model' | 'act'>) {
    const { status, body } = await store.post('/orders', { body: { ...parcel, boxesCount: boxes } })
    expect(status).toBe(201)
    const nobody = { holder: null, everHeld: new Set<number>(), shunned: new Set<number>() }
    model.orders.push({ id: Number(body['id']), status: 'new', fence: 0, boxes, leaseOver: 0, ...nobody })
  },

  async claim({ model, order, courier }: Meeting) {
    const expected = claimed(model, { order, courier: courier.id })
    compare(await courier.caller.post(`/orders/${order.id}/claim`), expected)
  },

  async claimNext({ model, courier }: Meeting) {
    if (fittingOf(model, courier.id).length === 0) giveBackFor(model, courier.id)
    const fitting = fittingOf(model, courier.id)
    const { status, body } = await courier.caller.post('/orders/claim-next')
    expect(status).toBe(fitting.length === 0 ? 204 : 200)
    const given = fitting.find(({ id }) => id === body['id'])
    expect(given === undefined).toBe(fitting.length === 0)
    if (given) take(given, courier.id)
  },

  async step({ order, courier, act: { name, stale } }: Meeting) {
    const fence = Math.max(0, order.fence - (stale ? 1 : 0))
    const expected = stepped(order, { courier: courier.id, fence, step: steps[name as keyof typeof steps] })
    compare(await courier.caller.post(`/orders/${order.id}/${name}`, { body: { fence } }), expected)
  },

  async cancel({ order }: Meeting) {
    const live = ['new', 'assigned', 'accepted', 'picked_up'].includes(order.status)
    if (live) Object.assign(order, { status: 'canceled', leaseOver: 0 })
    const answer = await store.post(`/orders/${order.id}/cancel`, { body: {} })
    compare(answer, live ? [200] : [409, 'illegal_transition'])
  },

  async edit({ order, act: { boxes } }: Meeting) {
    const read = await commands.read({ order })
    const expected: Expected = order.status === 'new' ? [200] : [409, 'illegal_transition']
    if (order.status === 'new') order.boxes = boxes
    const ifMatch = Number(read.body['version'])
    compare(await store.patch(`/orders/${order.id}`, { ifMatch, body: { boxesCount: boxes } }), expected)
  },

  async read({ order }: Pick<Meeting, 'order'>) {
    if (order.leaseOver) giveBack(order)
    const read = await store.get(`/orders/${order.id}`)
    const { status, fence, boxes, holder } = order
    expect(read.body).toMatchObject({ status, fence, boxesCount: boxes, courierId: holder })
    return read
  },

  /** Time passes. */
  async expire({ model, order }: Meeting) {
    model.expiries += 1
    if (order.status === 'assigned') order.leaseOver = model.expiries
    await client.query(
      `update dispatch.orders set lease_expires_at = now() - interval '1 second' where id = $1 and status = 'assigned'`,
      [order.id],
    )
  },
}

function claimed(model: Model, { order, courier }: { order: Order; courier: number }): Expected {
  if (order.leaseOver) giveBack(order)
  if (order.holder === courier) return order.status === 'assigned' ? [200] : [409, 'illegal_transition']
  if (order.shunned.has(courier)) return [409, 'excluded']
  if (order.status !== 'new') return [409, 'order_taken']
  if (!isClaimable(model, { order, courier })) return [409, 'courier_at_capacity']
  take(order, courier)
  return [200]
}

type Asked = { courier: number; fence: number; step: (typeof steps)[keyof typeof steps] }

function stepped(order: Order, { courier, fence, step }: Asked): Expected {
  if (order.holder !== courier && !order.everHeld.has(courier)) return [404, 'not_found']
  if (order.fence !== fence || (order.holder !== null && order.holder !== courier))
    return [409, 'stale_fence']
  if (!step.from.some((status) => status === order.status)) return [409, 'illegal_transition']
  if (order.leaseOver) return [409, 'lease_expired']
  if (step.to === 'new') order.shunned.add(courier)
  if (step.to === 'new') giveBack(order)
  else order.status = step.to
  return [200]
}

function fittingOf(model: Model, courier: number): Order[] {
  return model.orders.filter((order) => isClaimable(model, { order, courier }))
}

/** Of the expired leases that keep an order from this courier, a search returns the first eight. */
function giveBackFor(model: Model, courier: number): void {
  const keeping = model.orders
    .filter((order) => order.leaseOver > 0 && (order.holder === courier || fits(model, { order, courier })))
    .toSorted((a, b) => a.leaseOver - b.leaseOver)
  for (const order of keeping.slice(0, 8)) giveBack(order)
}

type Pair = { order: Order; courier: number }

function isClaimable(model: Model, { order, courier }: Pair): boolean {
  return order.status === 'new' && fits(model, { order, courier })
}

function fits({ orders, capacity }: Model, { order, courier }: Pair): boolean {
  const held = orders.filter(
    ({ status, holder }) => holder === courier && ['assigned', 'accepted', 'picked_up'].includes(status),
  )
  const load = held.reduce((sum, { boxes }) => sum + boxes, 0)
  return !order.shunned.has(courier) && load + order.boxes <= capacity
}

function take(order: Order, courier: number): void {
  Object.assign(order, { status: 'assigned', holder: courier, fence: order.fence + 1, leaseOver: 0 })
  order.everHeld.add(courier)
}

function giveBack(order: Order): void {
  Object.assign(order, { status: 'new', holder: null, leaseOver: 0 })
}

function compare({ status, body }: Answer, expected: Expected): void {
  expect(status >= 400 ? [status, body['code']] : [status]).toEqual(expected)
}

const often = (...names: string[]) => [...names, ...names]
const anyAct = fc.record({
  name: fc.constantFrom(
    ...often('create', 'claim', ...Object.keys(steps)),
    'claimNext',
    'cancel',
    'edit',
    'read',
    'expire',
  ),
  order: fc.nat(20),
  courier: fc.nat(20),
  stale: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  boxes: fc.integer({ min: 1, max: 5 }),
})

function command(act: Act): fc.AsyncCommand<Model, null> {
  return {
    check: ({ orders }) => act.name === 'create' || orders.length > 0,
    async run(model) {
      const order = model.orders[act.order % model.orders.length]
      const courier = crew[act.courier % crew.length]
      if (act.name === 'create') return commands.create({ model, act })
      if (order === undefined || courier === undefined) return
      const doing = act.name in steps ? commands.step : commands[act.name as keyof typeof commands]
      await (doing as (meeting: Meeting) => Promise<unknown>)({ model, order, courier, act })
    },
    toString: () => `${act.name}(${act.order}, ${act.courier}, ${act.stale}, ${act.boxes})`,
  }
}

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

/** Runs random histories, each from empty tables, and then checks every order and every invariant. */
async function play({ capacity, numRuns }: { capacity: number; numRuns: number }): Promise<number> {
  let played = 0
  const histories = fc.commands([anyAct.map(command)], { maxCommands: 50, size: 'max' })
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      await client.query(`
        delete from dispatch.order_exclusions; delete from dispatch.lost_claims; delete from dispatch.order_events;
        delete from dispatch.orders; update dispatch.couriers set held_boxes = 0`)
      const model: Model = { orders: [], capacity, expiries: 0 }
      await fc.asyncModelRun(() => ({ model, real: null }), history)
      for (const order of model.orders) await commands.read({ order })
      expect(await broken(client)).toEqual([])
      played += [...history].length
    }),
    { seed, numRuns, endOnFailure: true },
  )
  return played
}

it('every random history of requests matches the model', async () => {
  const played = await play({ capacity: 8, numRuns: 20 })
  console.log(`${played} requests; SEED=${seed} repeats them`)
  expect(played).toBeGreaterThan(100)
})

it('a model that lets couriers carry less is found to differ', async () => {
  await expect(play({ capacity: 4, numRuns: 100 })).rejects.toThrow('Property failed')
})
