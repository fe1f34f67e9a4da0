import { claimStatement } from '../../functions/dispatch/assignments/claim.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { statement } from '../prepared.ts'
import type { BenchDatabase } from '../rig.ts'
import { givenOrders } from './given.ts'

const clients = 8
const couriers = clients * 50
/** Fewer than the small table has. */
const perTurn = 2_000

/** Claims by id in a table of a million orders and in one of ten thousand: what grows with the table is not in a claim. */
export const growth: Measurement = async (rig, pace) => {
  const large = await rig.database()
  const small = await rig.database()
  await compare(
    {
      name: 'dispatch claim at 1M orders beside 10k',
      unit: 'claims/s',
      database: large.owner,
      ours: await contender('1M orders', { database: large, orders: 1_000_000, seconds: pace.seconds }),
      baseline: await contender('10k orders', { database: small, orders: 10_000, seconds: pace.seconds }),
    },
    pace,
  )
}

type Table = { database: BenchDatabase; orders: number; seconds: number }

async function contender(name: string, { database, orders, seconds }: Table): Promise<Contender> {
  const { owner, connect } = database
  const connections = await connect(clients)
  const principal = { role: 'courier', sub: '1', id: 1 } as const
  const claim = statement(
    (order: number, courier: number) => claimStatement(principal, { orderId: order, courierId: courier }),
    'claim',
  )
  let next = orders + 1
  const claimed = async () => {
    const { rows } = await owner.query('select count(*)::int as n from dispatch.orders where fence = 1')
    return rows[0].n
  }
  let before = 0
  return {
    name,
    database: owner,
    async prepare() {
      // A turn claims what no turn has claimed.
      if (next + perTurn > orders) {
        await givenOrders(owner, { orders, couriers })
        next = 1
      }
      await owner.query('update dispatch.couriers set held_boxes = 0')
      await owner.query('checkpoint')
      before = await claimed()
    },
    turn: () =>
      closedLoop({
        clients,
        seconds,
        count: perTurn,
        async operation(client, n) {
          const connection = connections[client]
          if (connection === undefined) return null
          const courier = client * 50 + (n % 50) + 1
          return (await claim(connection, next++, courier)).length
        },
      }),
    async verify({ operations }) {
      mustBe((await claimed()) - before, operations, `the orders claimed of ${name}`)
    },
  }
}
