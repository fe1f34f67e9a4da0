import type pg from 'pg'
import { type Ctx, makeContext, type Principal } from '../../../functions/core/context.ts'
import type { Db } from '../../../functions/core/db.ts'
import { effect } from '../../../functions/core/idempotency.ts'
import { acceptOrder } from '../../../functions/dispatch/assignments/accept.ts'
import { assignOrder } from '../../../functions/dispatch/assignments/assign.ts'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { claimOrder } from '../../../functions/dispatch/assignments/claim.ts'
import { claimNextOrder } from '../../../functions/dispatch/assignments/claim-next.ts'
import { declineOrder } from '../../../functions/dispatch/assignments/decline.ts'
import { releaseOrder } from '../../../functions/dispatch/assignments/release.ts'
import { returnExpired } from '../../../functions/dispatch/assignments/return-expired.ts'
import { editCourier } from '../../../functions/dispatch/couriers/edit.ts'
import { cancelOrder } from '../../../functions/dispatch/orders/cancel.ts'
import { deliverOrder } from '../../../functions/dispatch/orders/deliver.ts'
import { editOrder } from '../../../functions/dispatch/orders/edit.ts'
import { failOrder } from '../../../functions/dispatch/orders/fail.ts'
import { pickUpOrder } from '../../../functions/dispatch/orders/pickup.ts'
import { readOrder } from '../../../functions/dispatch/orders/read.ts'
import { reopenOrder } from '../../../functions/dispatch/orders/reopen.ts'
import { returnOrder } from '../../../functions/dispatch/orders/return.ts'
import { settleDeliveries } from '../../../functions/dispatch/orders/settle.ts'
import { transitionOrders } from '../../../functions/dispatch/orders/transition-many.ts'
import { undoDelivery } from '../../../functions/dispatch/orders/undo.ts'
import { letLocksWait } from '../../core/barrier.ts'
import type { TestDatabase } from '../../support/database.ts'
import { type Explored, explore } from '../../support/interleave.ts'
import { asAdmin, asCourier, asStore, givenCourier, givenOrder, givenStore } from './given.ts'
import { broken } from './invariants.ts'

/** An order, its possible holder, a rival, and a second order that needs the capacity the first one takes. */
type Scene = { storeId: number; order: number; second: number; holder: number; rival: number }

const boxes = 5
const fence = 1

export const states = {
  new: {},
  assigned: { status: 'assigned' },
  'assigned, its lease expired': { status: 'assigned', expired: true },
  accepted: { status: 'accepted' },
  'picked up': { status: 'picked_up' },
  delivered: { status: 'delivered' },
  'delivered, its time to undo expired': { status: 'delivered', due: true },
  failed: { status: 'failed' },
} as const
export type State = keyof typeof states
const all = Object.keys(states) as State[]
const live = ['new', 'assigned', 'assigned, its lease expired', 'accepted', 'picked up'] as const

export type Verb = {
  /** The states in which the verb has an effect, and the state after it. */
  acts: readonly State[]
  leads?: State
  /** The fence that its caller received. */
  shows?: number
  /** The verb skips rows that another transaction has locked. */
  passes?: boolean
  /** The verb decides row by row under each row's lock, so no single moment explains its answer. */
  mixes?: boolean
  run: (as: (who: Principal | null) => Ctx, scene: Scene) => Promise<unknown>
}

const held = ({ order, holder }: Scene) => ({ orderId: order, courierId: holder, fence })
export const verbs = {
  'a claim by the rival': {
    acts: ['new', 'assigned, its lease expired'],
    leads: 'assigned',
    run: (as, { order, rival }) => claimOrder(as(asCourier(rival)), { orderId: order, courierId: rival }),
  },
  'a claim by the holder': {
    acts: ['new', 'assigned, its lease expired'],
    leads: 'assigned',
    run: (as, { order, holder }) => claimOrder(as(asCourier(holder)), { orderId: order, courierId: holder }),
  },
  'a claim that accepts by the holder': {
    acts: ['new', 'assigned, its lease expired'],
    leads: 'accepted',
    run: (as, { order, holder }) =>
      claimOrder(as(asCourier(holder)), { orderId: order, courierId: holder, accept: true }),
  },
  'a claim of the second order by the holder': {
    acts: all,
    run: (as, { second, holder }) =>
      claimOrder(as(asCourier(holder)), { orderId: second, courierId: holder }),
  },
  'claim-next by the holder': {
    acts: all,
    leads: 'assigned',
    run: (as, { holder }) => claimNextOrder(as(asCourier(holder)), { courierId: holder }),
  },
  accept: {
    acts: ['assigned'],
    leads: 'accepted',
    shows: fence,
    run: (as, scene) => acceptOrder(as(asCourier(scene.holder)), held(scene)),
  },
  decline: {
    acts: ['assigned'],
    leads: 'new',
    shows: fence,
    run: (as, scene) => declineOrder(as(asCourier(scene.holder)), { ...held(scene), reason: 'too far' }),
  },
  release: {
    acts: ['assigned', 'accepted'],
    leads: 'new',
    shows: fence,
    run: (as, scene) => releaseOrder(as(asCourier(scene.holder)), { ...held(scene), reason: 'ill' }),
  },
  pickup: {
    acts: ['accepted'],
    leads: 'picked up',
    shows: fence,
    run: (as, scene) => pickUpOrder(as(asCourier(scene.holder)), held(scene)),
  },
  deliver: {
    acts: ['picked up'],
    leads: 'delivered',
    shows: fence,
    run: (as, scene) => deliverOrder(as(asCourier(scene.holder)), held(scene)),
  },
  fail: {
    acts: ['picked up'],
    leads: 'failed',
    shows: fence,
    run: (as, scene) => failOrder(as(asCourier(scene.holder)), { ...held(scene), reason: 'nobody home' }),
  },
  'a delivery of many': {
    acts: ['picked up'],
    leads: 'delivered',
    mixes: true,
    run: (as, { order, second, holder }) =>
      transitionOrders(as(asCourier(holder)), {
        step: 'deliver',
        orders: [
          { orderId: order, fence },
          { orderId: second, fence },
        ],
      }),
  },
  undo: {
    acts: ['delivered'],
    leads: 'picked up',
    shows: fence,
    run: (as, { order, holder }) =>
      undoDelivery(as(asCourier(holder)), {
        orderId: order,
        by: { courierId: holder, fence },
        reason: 'wrong door',
      }),
  },
  'the settlement': {
    acts: ['delivered, its time to undo expired'],
    passes: true,
    run: (as) => effect(as(null), settleDeliveries()),
  },
  reopen: {
    acts: ['failed'],
    leads: 'new',
    run: (as, { order, storeId }) => reopenOrder(as(asStore(storeId)), { orderId: order }),
  },
  'a return': {
    acts: ['failed'],
    run: (as, { order, storeId }) => returnOrder(as(asStore(storeId)), { orderId: order }),
  },
  'an assignment to the rival': {
    acts: ['new', 'assigned', 'assigned, its lease expired', 'accepted'],
    leads: 'assigned',
    run: (as, { order, rival }) => assignOrder(as(asAdmin), { orderId: order, courierId: rival }),
  },
  'an assignment of the second order to the holder': {
    acts: all,
    run: (as, { second, holder }) => assignOrder(as(asAdmin), { orderId: second, courierId: holder }),
  },
  'an assignment of all available orders': {
    acts: all,
    leads: 'assigned',
    mixes: true,
    run: (as, { order, second, holder, rival }) =>
      assignOrders(as(asAdmin), { orderIds: [order, second], limit: 2, courierIds: [holder, rival] }),
  },
  cancel: {
    acts: [...live],
    run: (as, { order, storeId }) => cancelOrder(as(asStore(storeId)), { orderId: order }),
  },
  edit: {
    acts: ['new'],
    run: (as, { order, storeId }) =>
      editOrder(as(asStore(storeId)), { id: order, version: 1, change: { boxesCount: 9 } }),
  },
  'a read': {
    acts: ['assigned, its lease expired'],
    leads: 'new',
    passes: true,
    run: (as, { order, storeId }) => readOrder(as(asStore(storeId)), { orderId: order }),
  },
  'the sweep': {
    acts: ['assigned, its lease expired'],
    leads: 'new',
    passes: true,
    run: (as) => effect(as(null), returnExpired()),
  },
  'the holder becoming unavailable': {
    acts: all,
    run: (as, { holder }) =>
      editCourier(as(asAdmin), { id: holder, version: 1, change: { available: false } }),
  },
} satisfies Record<string, Verb>
export type VerbName = keyof typeof verbs

export type ScenarioDatabase = {
  client: pg.Client
  explore: (state: State, actors: Act[], mutate?: (text: string) => string) => Promise<Explored>
}

/** One side of a pair: a verb, or an actor that does nothing. */
export type Act = Pick<Verb, 'run' | 'shows'> & { name: string }

export function does(verb: VerbName): Act {
  return { name: verb, ...verbs[verb] }
}

/** The states in which the two verbs can race: both act there, or one acts in the state after the other. */
export function meetIn(pair: readonly [VerbName, VerbName]): State[] {
  const [one, other]: Verb[] = pair.map((verb) => verbs[verb])
  const follows = (first: Verb | undefined, second: Verb | undefined, state: State) =>
    first?.acts.includes(state) && second?.acts.includes(first.leads ?? state)
  return all.filter(
    (state) =>
      (one?.acts.includes(state) && other?.acts.includes(state)) ||
      follows(one, other, state) ||
      follows(other, one, state),
  )
}

/** A verb that skips locked rows, or answers that its caller must retry, has done nothing. */
export function idle(verb: VerbName): Act {
  const { passes = false }: Verb = verbs[verb]
  return passes
    ? { name: 'nothing, skipped', run: async () => ({}) }
    : { name: 'nothing, refused', run: async () => ({ ok: false, reason: 'order_busy' }) }
}

/** A database on which pairs of verbs race in every interleaving. */
export async function openScenario(database: TestDatabase): Promise<ScenarioDatabase> {
  await letLocksWait(database)
  const client = await database.connect()
  // The rows that it makes and removes are whole, so nothing has to be looked up for their foreign keys.
  await client.query('set session_replication_role = replica')
  const monitor = await database.connect()
  const clients = await Promise.all([0, 1].map(() => database.connect(database.workerUrl)))
  const storeId = await givenStore(client)
  const as = (db: Db) => (principal: Principal | null) => contextOver(database, { db, principal })

  async function arrange(state: State, actors: Act[]) {
    await client.query({ name: 'clear', text: clear })
    const [holder, rival] = [await givenCourier(client), await givenCourier(client)]
    const held = state === 'new' ? {} : { courierId: holder }
    const order = await givenOrder(client, { storeId, boxes, ...states[state], ...held })
    const second = await givenOrder(client, { storeId, boxes })
    const scene = { storeId, order, second, holder, rival }
    return {
      actors: actors.map(
        ({ run }) =>
          (db: Db) =>
            run(as(db), scene),
      ),
      check: async (answers: unknown[]) => [
        ...answers.filter((answer) => answer instanceof Error).map(String),
        ...answers.flatMap((answer, at) => misled(answer, actors[at])),
        ...(await broken(client)),
      ],
      outcome: async (answers: unknown[]) =>
        `${answers.map(summaryOf).join(' | ')} => ${await remains(client, scene)}`,
    }
  }

  return {
    client,
    explore: (state, actors, mutate) =>
      explore({ clients, monitor, arrange: () => arrange(state, actors), ...(mutate && { mutate }) }),
  }
}

/** A transition must commit only under the fence that it showed. */
function misled(answer: unknown, act: Act | undefined): string[] {
  const { ok, order } = answer as { ok?: boolean; order?: { fence: number } }
  if (ok !== true || act?.shows === undefined || order?.fence === act.shows) return []
  return [`a step that showed fence ${act.shows} was done under fence ${order?.fence}`]
}

function summaryOf(answer: unknown): string {
  const { ok, reason } = answer as { ok?: boolean; reason?: string }
  // A claim that waited for a cancel only learns that the order is gone; a later claim learns why.
  if (reason === 'illegal_transition' || reason === 'order_taken') return 'gone'
  return reason ?? (ok === true ? 'done' : 'seen')
}

/** The status and holder of both orders, in the words of the scene. */
async function remains(client: pg.Client, { order, second, holder, rival }: Scene): Promise<string> {
  const { rows } = await client.query<{ what: string }>({
    name: 'remains',
    text: `
      select string_agg(
        case id when $1 then 'first' else 'second' end || ' ' || status
          || case courier_id when $3 then ' of the holder' when $4 then ' of the rival' else '' end,
        ', ' order by id) as what
      from dispatch.orders
      where id in ($1, $2)`,
    values: [order, second, holder, rival],
  })
  return rows[0]?.what ?? ''
}

// Otherwise the job and claim-next would find the rows of the last run.
const clear = `
  with
    exclusions as (delete from dispatch.order_exclusions),
    events as (delete from dispatch.order_events),
    orders as (delete from dispatch.orders)
  delete from dispatch.couriers`

const limit = async () => ({ success: true })
const bindings = {
  AUTH_SECRET: 'a secret of the tests that has the length',
  RATE_READ: { limit },
  RATE_WRITE: { limit },
}

function contextOver({ workerUrl }: TestDatabase, { db, principal }: Pick<Ctx, 'db' | 'principal'>): Ctx {
  const ctx = makeContext({ ...bindings, DATABASE_URL: workerUrl }, { waitUntil: () => undefined })
  return Object.assign(ctx, { db, replica: db, principal })
}
