import { type Contender, closedLoop, compare, mustBe, quantile } from '../method.ts'
import type { Measurement } from '../run.ts'
import { givenOrders } from './given.ts'

const orders = 4_000

/** One client claims order after order over HTTP, through workerd and the proxy; reads on the same path for comparison. */
export const throughWorker: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const worker = await rig.worker(database)
  const tokens = await Promise.all([1, 2, 3, 4].map((courier) => worker.token('courier', courier)))

  const contender = (name: string, method: string, path: string): Contender => ({
    name,
    prepare: () => givenOrders(owner, { orders, couriers: 4 }),
    turn: () =>
      closedLoop({
        clients: 1,
        seconds: pace.seconds,
        count: orders,
        operation: async (_client, n) => {
          const answer = await fetch(`${worker.url}/v1/dispatch/orders/${n + 1}${path}`, {
            method,
            headers: { authorization: `Bearer ${tokens[n % tokens.length]}` },
          })
          await answer.arrayBuffer()
          mustBe(
            [answer.status, answer.headers.get('x-db-round-trips')],
            [200, '1'],
            `the answer to ${method}`,
          )
          return 1
        },
      }),
    async verify({ operations }) {
      const { rows } = await owner.query(`select count(*)::int as taken from dispatch.orders where fence = 1`)
      mustBe(rows[0].taken, method === 'POST' ? operations : 0, 'the orders taken')
    },
  })

  await compare(
    {
      name: 'dispatch p95 of a claim by a single caller, through Miniflare',
      unit: 'ms',
      database: owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.95),
      ours: contender('claim by id', 'POST', '/claim'),
      baseline: contender('read by id', 'GET', ''),
    },
    pace,
  )
}
