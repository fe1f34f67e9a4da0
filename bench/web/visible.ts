import { givenOrders } from '../dispatch/given.ts'
import type { Measurement } from '../measurement.ts'
import { compare, mustBe, quantile } from '../method.ts'
import { newOrder } from './new-order.ts'
import { openTab } from './tab.ts'

/** From the answer of a write, after its commit, until the page of another person shows it. Budget: 1 s. */
export const visible: Measurement = async (rig, pace) => {
  const database = await rig.database()
  await givenOrders(database.owner, { orders: 20, couriers: 1 })
  const worker = await rig.worker(database)
  await using tab = await openTab(worker, { role: 'admin', sub: '1' })
  const { page } = tab
  await page.goto(`${worker.url}/app/orders`)
  await page.locator('.board a').first().waitFor()
  let shown = 0

  async function untilShown(id: number): Promise<number> {
    const committed = performance.now()
    await page.waitForSelector(`.board a[href="/app/orders/${id}"]`)
    shown += 1
    return performance.now() - committed
  }

  // The stream is connected once it has shown an order.
  await untilShown(await newOrder(worker))
  await compare(
    {
      name: 'web p95 from the answer of a write until a page shows it',
      unit: 'ms',
      database: database.owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.95),
      ours: {
        name: 'board of orders',
        async turn() {
          const begun = performance.now()
          const latenciesMs: number[] = []
          shown = 0
          while (performance.now() < begun + pace.seconds * 1_000)
            latenciesMs.push(await untilShown(await newOrder(worker)))
          return { operations: shown, seconds: (performance.now() - begun) / 1_000, latenciesMs }
        },
        verify: async ({ operations }) => mustBe(operations > 0, true, 'whether an order was shown'),
      },
      baseline: null,
    },
    pace,
  )
}
