import { describe, expect, it } from 'vitest'
import { Routes } from '../../../functions/ops/routes/contract.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { lint } from '../support/promtool.ts'

const secret = 'a-token-of-the-scraper-that-is-long'
const app = await freshWorker({ bindings: { METRICS_TOKEN: secret } })
const admin = { headers: { authorization: `Bearer ${await app.token('admin', 'ann')}` } }
const store = { headers: { authorization: `Bearer ${await app.token('store', 1)}` } }
const scraper = { headers: { authorization: `Bearer ${secret}` } }

const scrape = async (init: RequestInit = scraper) => (await app.fetch('/metrics', init)).text()
const scrapeOnce = () => scrape()
const valueOf = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1) ?? Number.NaN,
  )

describe('/metrics', () => {
  it('answers the token of the scraper and an admin, and nobody else', async () => {
    expect((await app.fetch('/metrics', scraper)).status).toBe(200)
    expect((await app.fetch('/metrics', admin)).status).toBe(200)
    expect((await app.fetch('/metrics')).status).toBe(401)
    expect((await app.fetch('/metrics', { headers: { authorization: `Bearer ${secret}x` } })).status).toBe(
      401,
    )
    expect((await app.fetch('/metrics', store)).status).toBe(403)
  })

  it('counts requests, round trips and statements of the isolate within seconds, in a text without faults', async () => {
    for (let n = 0; n < 7; n += 1) await app.fetch('/v1/dispatch/stores', admin)
    const labels = '{route="/v1/dispatch/stores",method="GET",status="2xx"}'
    await expect
      .poll(async () => valueOf(await scrape(), `http_server_request_duration_seconds_count${labels}`), soon)
      .toBe(7)
    const text = await scrape()
    expect(valueOf(text, `http_server_db_round_trips_sum${labels}`)).toBe(7)
    expect(valueOf(text, 'db_query_duration_seconds_count{query="dispatch.list-stores"}')).toBe(7)
    expect(valueOf(text, 'db_connections_available')).toBeGreaterThan(10)
    expect(valueOf(text, 'lockstep_gather_isolates')).toBe(1)
    expect(lint(text)).toEqual([])
  })

  it('names no path that a caller made up', async () => {
    await app.fetch('/v1/dispatch/made-up-by-a-caller', admin)
    await expect.poll(scrapeOnce, soon).toContain('route="unmatched",method="any",status="4xx"')
    expect(await scrape()).not.toContain('made-up')
  })

  it('counts errors of Postgres by their class', async () => {
    app.faults.set({ refuse: 1, times: 1, match: 'dispatch.list-couriers' })
    expect((await app.fetch('/v1/dispatch/couriers', admin)).status).toBe(503)
    await expect
      .poll(scrapeOnce, soon)
      .toMatch(/^db_query_errors_total\{query="dispatch.list-couriers",class="\w+"\} 1$/m)
  })
})

describe('GET /v1/ops/routes', () => {
  it('shows requests, times and round trips of each route', async () => {
    const body = Routes.parse(await (await app.fetch('/v1/ops/routes?minutes=5', admin)).json())
    expect(body).toMatchObject({ why: null })
    const stores = body.data.find(({ route }) => route === '/v1/dispatch/stores')
    expect(stores).toMatchObject({
      method: 'GET',
      requests: 7,
      errors: 0,
      trips: { p50: 1, p95: 1, max: 1 },
      overBudget: 0,
    })
    expect(stores?.p50Ms).toBeGreaterThan(0)
    const couriers = body.data.find(({ route }) => route === '/v1/dispatch/couriers')
    expect(couriers).toMatchObject({ requests: 1, errors: 1 })
  })
})
