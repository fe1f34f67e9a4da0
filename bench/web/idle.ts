import { loadDemoData } from '../../dev/seed/load.ts'
import { listPages } from '../../dev/system/pages.ts'
import type { Role } from '../../functions/registry/roles.ts'
import { people } from '../../web/people.ts'
import type { Measurement } from '../measurement.ts'
import { compare, mustBe } from '../method.ts'
import { openTab } from './tab.ts'

/** The API calls of an open page in a minute in which nobody touches it, beside its stream. Budget: 6. */
export const idle: Measurement = async (rig, pace) => {
  const database = await rig.database()
  await loadDemoData(database.ownerUrl)
  const worker = await rig.worker(database)
  const pages = await listPages()
  const calls = new Map<string, number>()
  await compare(
    {
      name: 'web API calls of an idle page in a minute, the busiest page',
      unit: 'calls/min',
      database: database.owner,
      value: ({ latenciesMs }) => Math.max(...latenciesMs),
      ours: {
        name: 'pages of the menu',
        async turn() {
          const begun = performance.now()
          for (const { path, roles } of pages)
            if (!path.includes('{')) calls.set(path, await callsInAMinute(worker, path, roles))
          return {
            operations: 1,
            seconds: (performance.now() - begun) / 1_000,
            latenciesMs: [...calls.values()],
          }
        },
        verify: async () => mustBe(calls.size > 10, true, 'whether the pages were opened'),
      },
      baseline: null,
    },
    pace,
  )
  for (const [path, count] of [...calls].toSorted(([, a], [, b]) => b - a))
    console.log(`${path}: ${count} calls/min`)
}

async function callsInAMinute(
  worker: Parameters<typeof openTab>[0],
  path: string,
  roles: readonly string[] | 'everybody',
): Promise<number> {
  const person = roles === 'everybody' ? null : people.find(({ role }) => roles.includes(role))
  await using tab = await openTab(worker, person ? { ...person, role: person.role as Role } : null)
  const { page } = tab
  let [asked, open] = [0, 0]
  const counts = (request: { url(): string; headers(): Record<string, string> }) =>
    /\/v1\/|\/readyz/.test(request.url()) && request.headers()['accept'] !== 'text/event-stream'
  page.on('request', (request) => {
    if (!counts(request)) return
    asked += 1
    open += 1
  })
  const ended = (request: Parameters<typeof counts>[0]) => {
    if (counts(request)) open -= 1
  }
  page.on('requestfinished', ended)
  page.on('requestfailed', ended)
  await page.clock.install()
  await page.goto(worker.url + path)
  await page.locator('h1').waitFor()
  const settled = async () => {
    while (open > 0) await page.evaluate('1')
  }
  await page.clock.runFor(1_000)
  await settled()
  asked = 0
  for (let second = 0; second < 60; second += 1) {
    await page.clock.runFor(1_000)
    await settled()
  }
  return asked
}
