import type { CDPSession } from 'playwright-core'
import { givenOrders } from '../dispatch/given.ts'
import type { Measurement } from '../measurement.ts'
import { compare, mustBe } from '../method.ts'
import { eventOf, fedStream } from './fed-stream.ts'
import { newOrder } from './new-order.ts'
import { openTab } from './tab.ts'

const [orders, events, portion] = [200, 100_000, 500]

/** How much the heap of a page of orders has grown after a hundred thousand events. Budget: 10 MB. */
export const memory: Measurement = async (rig, pace) => {
  const database = await rig.database()
  await givenOrders(database.owner, { orders, couriers: 4 })
  const worker = await rig.worker(database)
  const event = await eventOf(worker, () => newOrder(worker))
  await using tab = await openTab(worker, { role: 'admin', sub: '1' }, fedStream(event, orders))
  const { page, protocol } = tab
  await page.goto(`${worker.url}/app/orders`)
  await page.locator('.board a').first().waitFor()
  while (!(await page.evaluate<boolean>('globalThis.isFed()'))) await page.waitForTimeout(50)
  await page.evaluate(`globalThis.feed(${portion})`)

  await compare(
    {
      name: `web growth of the heap by ${events} events on a stream`,
      unit: 'kB',
      database: database.owner,
      value: ({ latenciesMs: [grown = Number.NaN] }) => grown,
      ours: {
        name: 'page of orders',
        async turn() {
          const begun = performance.now()
          const before = await heapOf(protocol)
          // In portions with a frame between them, as a page that is drawn reads them.
          await page.evaluate(`(async () => {
            for (let n = 0; n < ${events}; n += ${portion}) {
              globalThis.feed(${portion})
              await new Promise((resolve) => setTimeout(resolve, 0))
            }
            await new Promise((resolve) => setTimeout(resolve, 500))
          })()`)
          const grown = ((await heapOf(protocol)) - before) / 1_000
          return { operations: events, seconds: (performance.now() - begun) / 1_000, latenciesMs: [grown] }
        },
        async verify() {
          mustBe((await page.locator('.board a').count()) > 0, true, 'whether the board still shows orders')
        },
      },
      baseline: null,
    },
    pace,
  )
}

async function heapOf(protocol: CDPSession): Promise<number> {
  await protocol.send('HeapProfiler.collectGarbage')
  const { usedSize } = await protocol.send('Runtime.getHeapUsage')
  return usedSize
}
