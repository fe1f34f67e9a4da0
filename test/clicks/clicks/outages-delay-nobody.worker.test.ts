import { afterAll, describe, expect, it } from 'vitest'
import { createKvFaults } from '../../../dev/system/kv-faults.ts'
import { createQueueFaults } from '../../../dev/system/queue-faults.ts'
import { startUpstash } from '../../../dev/upstash/server.ts'
import { freshWorker, type TestWorker } from '../../support/worker.ts'
import { type Campaign, givenCampaign } from '../support/given.ts'
import { caller } from '../support/http.ts'
import { wrongQuarters, wrongTotals } from '../support/recount.ts'
import { visit } from '../support/visiting.ts'

const upstash = await startUpstash()
afterAll(() => upstash.close())
const redis = { UPSTASH_REDIS_REST_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token }

type Outage = { name: string; begin: () => void; end: () => void }

/** Visits in each combination of these outages; the answers must all be redirects. Returns the number of visits. */
async function visitThrough(app: TestWorker, campaigns: Campaign[], outages: Outage[]): Promise<number> {
  let visits = 0
  for (let combination = 0; combination < 2 ** outages.length; combination += 1) {
    const out = outages.filter((_, at) => (combination >> at) % 2 === 1)
    for (const { begin } of out) begin()
    const led = await Promise.all(
      [...campaigns, ...campaigns].map(({ slug }) =>
        visit(app, `/c/${slug}`, { address: `192.0.2.${combination}` }),
      ),
    )
    visits += led.length
    for (const { end } of out) end()
    expect(
      led.map(({ status }) => status),
      out.map(({ name }) => name).join(', '),
    ).toEqual(led.map(() => 302))
  }
  return visits
}

/** Waits until every click is stored, and checks that the account adds up whenever it is read. */
async function whenAllStored(app: TestWorker, visits: number): Promise<void> {
  const boss = await caller(app, 'admin', '1')
  const window = `from=2026-01-01T00:00:00Z&to=${new Date(Date.now() + 86_400_000).toISOString()}`
  const sums = async () => {
    const { body } = await boss.get(`/accounting?${window}`)
    const total = { stored: 0, duplicate: 0, rejected: 0, dead: 0, missing: 0, waiting: 0 }
    for (const minute of body['data'] as (typeof total & { answered: number })[]) {
      const { answered, stored, duplicate, rejected, dead, waiting, missing } = minute
      expect(answered).toBe(stored + duplicate + rejected + dead + waiting + missing)
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += minute[name]
    }
    return total
  }
  await expect
    .poll(sums, { timeout: 90_000, interval: 500 })
    .toEqual({ stored: visits, duplicate: 0, rejected: 0, dead: 0, missing: 0, waiting: 0 })
  const { rows } = await app.database.admin.query('select count(*)::int as n from clicks.clicks')
  expect(rows[0].n).toBe(visits)
  expect(await wrongQuarters(app.database.admin)).toEqual([])
  expect(await wrongTotals(app.database.admin)).toEqual([])
}

function outagesOf(app: TestWorker, queue: ReturnType<typeof createQueueFaults>): Outage[] {
  return [
    { name: 'queue', begin: () => queue.set({ refuse: 1 }), end: () => queue.clear() },
    { name: 'Postgres', begin: () => app.faults.set({ refuse: 1 }), end: () => app.faults.clear() },
  ]
}

async function warmCampaigns(app: TestWorker): Promise<{ campaigns: Campaign[]; visits: number }> {
  const campaigns = [
    await givenCampaign(app.database.admin),
    await givenCampaign(app.database.admin, { durable: true }),
  ]
  for (const { slug } of campaigns) expect((await visit(app, `/c/${slug}`)).status).toBe(302)
  return { campaigns, visits: campaigns.length }
}

describe('visitors', () => {
  it('are led on while queue, Postgres and KV are out in all combinations, and each click is stored once', async () => {
    const queueFaults = createQueueFaults()
    const kvFaults = createKvFaults()
    const app = await freshWorker({ queueFaults, kvFaults })
    const { campaigns, visits } = await warmCampaigns(app)
    const kv = { name: 'KV', begin: () => kvFaults.set({ refuse: 1 }), end: () => kvFaults.clear() }
    const more = await visitThrough(app, campaigns, [...outagesOf(app, queueFaults), kv])
    expect(queueFaults.counts.refuse).toBeGreaterThan(0)
    await whenAllStored(app, visits + more)
  })

  it('are led on while queue, Postgres and Redis are out in all combinations, also by a cold isolate', async () => {
    const queueFaults = createQueueFaults()
    const app = await freshWorker({ queueFaults, bindings: redis })
    const { campaigns, visits } = await warmCampaigns(app)
    let warmVisits = 0
    const isShared = ({ slug }: Campaign) =>
      upstash.commands.some((one) => /set/i.test(one) && one.includes(slug))
    // A Redis that is late at a write gets the value with a later load.
    const visitUnshared = async () => {
      const unshared = campaigns.filter((campaign) => !isShared(campaign))
      for (const { slug } of unshared) expect((await visit(app, `/c/${slug}`)).status).toBe(302)
      warmVisits += unshared.length
      return unshared
    }
    await expect.poll(visitUnshared, { interval: 500, timeout: 60_000 }).toEqual([])

    const cold = await freshWorker({ database: app.database, bindings: redis })
    cold.faults.set({ refuse: 1 })
    const coldVisits = await Promise.all(campaigns.map(({ slug }) => visit(cold, `/c/${slug}`)))
    expect(coldVisits.map(({ status }) => status)).toEqual([302, 302])
    cold.faults.clear()

    const out = {
      name: 'Redis',
      begin: () => upstash.faults.set({ refuse: 1 }),
      end: () => upstash.faults.clear(),
    }
    const more = await visitThrough(app, campaigns, [...outagesOf(app, queueFaults), out])
    await whenAllStored(app, visits + warmVisits + coldVisits.length + more)
  })
})
