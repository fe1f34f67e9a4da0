import { claimNextOrder } from '../../functions/dispatch/assignments/claim-next.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import type { BenchDatabase } from '../rig.ts'
import { addOrders, givenOrders } from './given.ts'

const clients = 8
const couriers = clients * 50

/** Claims the next order of a million and of a thousand: the depth of the queue must not matter. */
export const depth: Measurement = async (rig, pace) => {
  const deep = await rig.database()
  const shallow = await rig.database()
  await givenOrders(deep.owner, { orders: 1_000_000, couriers })
  await givenOrders(shallow.owner, { orders: 1_000, couriers })
  await compare(
    {
      name: 'dispatch claim-next at 1M pending beside 1k',
      unit: 'claims/s',
      database: deep.owner,
      ours: await contender('1M pending', { database: deep, pending: 1_000_000, seconds: pace.seconds }),
      baseline: await contender('1k pending', { database: shallow, pending: 1_000, seconds: pace.seconds }),
    },
    pace,
  )
}

type Depth = { database: BenchDatabase; pending: number; seconds: number }

async function contender(name: string, { database, pending, seconds }: Depth): Promise<Contender> {
  const { owner, connect } = database
  const connections = await connect(clients)
  const state = async () => {
    const { rows } = await owner.query<{ waiting: number; taken: number }>(`
      select count(*) filter (where status = 'new')::int as waiting, count(*) filter (where fence = 1)::int as taken
      from dispatch.orders`)
    return rows[0] ?? { waiting: 0, taken: 0 }
  }
  let taken = 0
  return {
    name,
    database: owner,
    async prepare() {
      await owner.query('update dispatch.couriers set held_boxes = 0')
      const before = await state()
      await addOrders(owner, pending - before.waiting)
      await owner.query('vacuum analyze dispatch.orders, dispatch.couriers')
      await owner.query('checkpoint')
      taken = before.taken
    },
    turn: () =>
      closedLoop({
        clients,
        seconds,
        // The shallow queue would run empty first, so both runs stop while most of it is left.
        count: 600,
        async operation(client, n) {
          const connection = connections[client]
          if (connection === undefined) return null
          const courierId = (n % couriers) + 1
          const principal = { role: 'courier', sub: String(courierId), id: courierId } as const
          const next = await claimNextOrder(contextOver(connection, principal), { courierId })
          return next.ok && next.order !== null ? 1 : null
        },
      }),
    async verify({ operations }) {
      mustBe((await state()).taken - taken, operations, `the orders taken of ${name}`)
    },
  }
}
