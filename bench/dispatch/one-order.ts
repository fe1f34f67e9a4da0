import { closedLoop, compare, mustBe, quantile, type Turn } from '../method.ts'
import type { Measurement } from '../run.ts'
import { givenOrders } from './given.ts'

const crowd = 500

/** Five hundred couriers claim one order at once over HTTP; as many reads for comparison. */
export const oneOrder: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const worker = await rig.worker(database)
  const tokens = await Promise.all(
    Array.from({ length: crowd }, (_, courier) => worker.token('courier', courier + 1)),
  )
  const everybody = async (method: string, path: string): Promise<Turn & { statuses: number[] }> => {
    const statuses: number[] = []
    const turn = await closedLoop({
      clients: crowd,
      seconds: 60,
      count: crowd,
      operation: async (client) => {
        const answer = await fetch(`${worker.url}/v1/dispatch/orders/1${path}`, {
          method,
          headers: { authorization: `Bearer ${tokens[client]}` },
        })
        await answer.arrayBuffer()
        statuses.push(answer.status)
        return 1
      },
    })
    return { ...turn, statuses }
  }
  let told: number[] = []
  const taken = async () =>
    (await owner.query(`select count(*)::int as taken from dispatch.orders where fence = 1`)).rows[0]
  await compare(
    {
      name: `dispatch p99 of ${crowd} couriers who claim one order, through Miniflare`,
      unit: 'ms',
      database: owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.99),
      ours: {
        name: 'they claim it',
        prepare: () => givenOrders(owner, { orders: 1, couriers: crowd }),
        turn: async () => {
          const { statuses, ...turn } = await everybody('POST', '/claim')
          told = statuses
          return turn
        },
        verify: async () => {
          mustBe(await taken(), { taken: 1 }, 'the winners')
          mustBe(told.filter((status) => status === 200).length, 1, 'how many were told that they won')
          mustBe(
            told.filter((status) => status === 409).length,
            crowd - 1,
            'how many were told that they lost',
          )
        },
      },
      baseline: {
        name: 'they read it',
        prepare: () => givenOrders(owner, { orders: 1, couriers: crowd }),
        turn: () => everybody('GET', ''),
        verify: async () => mustBe(await taken(), { taken: 0 }, 'the winners'),
      },
    },
    pace,
  )
}
