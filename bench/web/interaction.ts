import type { Page } from 'playwright-core'
import { givenOrders } from '../dispatch/given.ts'
import type { Measurement } from '../measurement.ts'
import { compare, mustBe } from '../method.ts'
import { eventOf, fedStream } from './fed-stream.ts'
import { newOrder } from './new-order.ts'
import { openTab } from './tab.ts'

const [orders, eventsPerSecond, slower] = [1_000, 50, 4]

/**
 * The slowest interaction with the page of orders: 1 000 rows in the list, 50 events a second, a processor that is four
 * times slower. Budget: 150 ms.
 */
export const interaction: Measurement = async (rig, pace) => {
  const database = await rig.database()
  await givenOrders(database.owner, { orders, couriers: 4 })
  const worker = await rig.worker(database)
  const event = await eventOf(worker, () => newOrder(worker))
  const script = `${fedStream(event, orders)};${noted}`
  await using tab = await openTab(worker, { role: 'admin', sub: '1' }, script)
  const { page, protocol } = tab
  await page.goto(`${worker.url}/app/orders`)
  const list = page.getByRole('region', { name: 'All orders' })
  const rows = list.locator('tbody tr')
  await rows.first().waitFor()
  while ((await rows.count()) < orders) {
    const known = await rows.count()
    await list.getByRole('button', { name: 'Show more' }).click()
    await rows.nth(known).waitFor()
  }
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: slower })

  await compare(
    {
      name: `web slowest interaction, ${orders} rows, ${eventsPerSecond} events/s, processor ÷ ${slower}`,
      unit: 'ms',
      database: database.owner,
      value: ({ latenciesMs }) => Math.max(...latenciesMs),
      ours: {
        name: 'page of orders',
        async turn() {
          const begun = performance.now()
          await page.evaluate('globalThis.interactions.clear()')
          await page.evaluate(
            `globalThis.feeding = setInterval(() => globalThis.feed(1), ${1_000 / eventsPerSecond})`,
          )
          await act(page)
          await page.evaluate('clearInterval(globalThis.feeding)')
          const latenciesMs = await page.evaluate<number[]>('[...globalThis.interactions.values()]')
          return { operations: latenciesMs.length, seconds: (performance.now() - begun) / 1_000, latenciesMs }
        },
        async verify({ operations }) {
          mustBe(operations > 5, true, 'whether interactions were measured')
          mustBe((await rows.count()) >= orders, true, 'whether the list still shows all rows')
        },
      },
      baseline: null,
    },
    pace,
  )
}

/** The drawers, the clock, the colours, and the keys that move through the rows. */
async function act(page: Page): Promise<void> {
  for (const name of [/^Receipts/, /^Close/, /^Time/, /^Time/])
    await page.getByRole('button', { name }).first().click()
  await page.locator('[aria-label="All orders"] tbody a').first().focus()
  for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key)
  for (const colours of ['dark', 'system']) await page.getByLabel('Colours').selectOption(colours)
  // An interaction is reported after the frame that shows its effect.
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 500))')
}

/** The longest event of each interaction, from the press until the next frame. */
const noted = `
  globalThis.interactions = new Map()
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries())
      if (interactionId) interactions.set(interactionId, Math.max(duration, interactions.get(interactionId) ?? 0))
  }).observe({ type: 'event', durationThreshold: 16, buffered: true })`
