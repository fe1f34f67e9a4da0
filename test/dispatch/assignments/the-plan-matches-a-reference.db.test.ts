import { isDeepStrictEqual } from 'node:util'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignOrders } from '../../../functions/dispatch/assignments/assign-many.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { sent } from '../../support/sent.ts'
import { contextsOf } from '../support/context.ts'
import {
  asAdmin,
  givenCourier,
  givenCouriers,
  givenOrder,
  givenOrders,
  givenStore,
} from '../support/given.ts'

const database = await freshDatabase()
const admin = database.admin
const as = contextsOf(database, await freshProxy(database))
const storeId = await givenStore(admin)

type Place = [lat: number | null, lng: number | null]
type Order = { id: number; boxes: number; at: Place; excluded: number[] }
type Courier = { id: number; room: number; load: number; at: Place }
type Town = { orders: Order[]; couriers: Courier[] }
type Given = { orderId: number; courierId: number }

describe('a courier without a known position', () => {
  /** About 111 km lie between two degrees of latitude. */
  const pickup: [number, number] = [51.5, -0.1]
  const kmNorth = (km: number): [number, number] => [51.5 + km / 111.2, -0.1]

  it.each([
    ['wins against one who is eleven kilometres away', 11, 'unknown'],
    ['loses against one who is nine kilometres away', 9, 'known'],
  ])('%s', async (_claim, km, winner) => {
    const couriers = {
      known: await givenCourier(admin, { at: kmNorth(km) }),
      unknown: await givenCourier(admin),
    }
    const order = await givenOrder(admin, { storeId, at: pickup })
    const [answer] = await assignOrders(as(asAdmin), {
      orderIds: [order],
      limit: 1,
      courierIds: Object.values(couriers),
    })
    expect(answer).toMatchObject({ ok: true, courierId: couriers[winner as keyof typeof couriers] })
  })
})

describe('the plan of a bulk assignment', () => {
  it('equals the plan of a plain loop, for random positions', async () => {
    const { counterexample } = await fc.check(sameAs(planOnPaper()), { numRuns: 150 })
    expect(counterexample).toBeNull()
  })

  it.each<[string, Partial<Rules>]>([
    ['takes an unknown way for none', { unknownKm: 0 }],
    ['takes an unknown way for the longest', { unknownKm: 20_015 }],
    ['forgets who gave an order back', { excludes: false }],
    ['forgets how much room is left', { fills: false }],
    ['forgets what it has planned already', { loads: false }],
  ])('differs from the plan of a loop that %s', async (_defect, rules) => {
    const { errorInstance } = await fc.check(sameAs(planOnPaper(rules)), {
      numRuns: 1_000,
      endOnFailure: true,
    })
    expect(String(errorInstance)).toContain('returning false')
  })
})

const orderIds = await givenOrders(admin, 10, { storeId })
const courierIds = await givenCouriers(admin, 6)

/** Few positions, so that some couriers share one, and unknown positions. */
const place = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Place>([null, null]) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: 51_300, max: 51_700 }), fc.integer({ min: -500, max: 300 }))
      .map(([lat, lng]): Place => [lat / 1000, lng / 1000]),
  },
)
const town = fc.array(place, { minLength: 1, maxLength: 5 }).chain((places): fc.Arbitrary<Town> => {
  const at = fc.constantFrom(...places)
  const order = fc.record({
    boxes: fc.integer({ min: 1, max: 6 }),
    at,
    excluded: fc.subarray(courierIds, { maxLength: 3 }),
  })
  const courier = fc.record({
    room: fc.integer({ min: 1, max: 12 }),
    load: fc.integer({ min: 0, max: 40 }),
    at,
  })
  return fc.record({
    orders: fc.array(order, { maxLength: orderIds.length }).map((orders) => withIds(orders, orderIds)),
    couriers: fc
      .array(courier, { maxLength: courierIds.length })
      .map((couriers) => withIds(couriers, courierIds)),
  })
})

function withIds<T>(things: T[], ids: number[]): (T & { id: number })[] {
  return things.map((thing, at) => ({ ...thing, id: ids[at] ?? 0 }))
}

function sameAs(plan: (town: Town) => Given[]) {
  return fc.asyncProperty(town, async (one) => isDeepStrictEqual(await planOf(one), plan(one)))
}

async function planOf({ orders, couriers }: Town): Promise<Given[]> {
  await admin.query('delete from dispatch.order_exclusions')
  await admin.query(
    `insert into dispatch.order_exclusions (order_id, courier_id, reason)
    select (x ->> 0)::bigint, (x ->> 1)::bigint, 'too far' from jsonb_array_elements($1::jsonb) x`,
    [JSON.stringify(orders.flatMap(({ id, excluded }) => excluded.map((courierId) => [id, courierId])))],
  )
  const list = <T, V>(things: T[], column: (thing: T) => V) => sql.param(things.map(column))
  return as(asAdmin).db.query<Given>(sent`
select order_id::int as "orderId", courier_id::int as "courierId"
from dispatch.plan_assignments(
  ${list(orders, ({ id }) => id)}::bigint[],
  ${list(orders, ({ boxes }) => boxes)}::int[],
  ${list(orders, ({ at }) => at[0])}::float8[],
  ${list(orders, ({ at }) => at[1])}::float8[],
  ${list(couriers, ({ id }) => id)}::bigint[],
  ${list(couriers, ({ room }) => room)}::int[],
  ${list(couriers, ({ load }) => load)}::int[],
  ${list(couriers, ({ at }) => at[0])}::float8[],
  ${list(couriers, ({ at }) => at[1])}::float8[]
)`)
}

type Rules = { unknownKm: number; excludes: boolean; fills: boolean; loads: boolean }

/** Assigns order by order to the cheapest courier: 1 per kilometre and 0.5 per held box. */
function planOnPaper({ unknownKm = 10, excludes = true, fills = true, loads = true }: Partial<Rules> = {}) {
  return ({ orders, couriers }: Town): Given[] => {
    const carriers = couriers.map((courier) => ({ ...courier }))
    return orders.flatMap(({ id: orderId, boxes, at, excluded }) => {
      const lawful = carriers.filter(({ id, room }) => room >= boxes && !(excludes && excluded.includes(id)))
      const costs = lawful.map((courier) => (kmBetween(courier.at, at) ?? unknownKm) + 0.5 * courier.load)
      const best = lawful[costs.indexOf(Math.min(...costs))]
      if (best === undefined) return []
      if (fills) best.room -= boxes
      if (loads) best.load += boxes
      return [{ orderId, courierId: best.id }]
    })
  }
}

/** Haversine on the mean sphere. */
function kmBetween([lat, lng]: Place, [otherLat, otherLng]: Place): number | null {
  if (lat === null || lng === null || otherLat === null || otherLng === null) return null
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const chord =
    Math.sin(radians(lat - otherLat) / 2) ** 2 +
    Math.cos(radians(lat)) * Math.cos(radians(otherLat)) * Math.sin(radians(lng - otherLng) / 2) ** 2
  return 12_742 * Math.asin(Math.sqrt(Math.min(chord, 1)))
}
