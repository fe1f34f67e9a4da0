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
    for (const severity of ['warning', 'critical'])
      expect(valueOf(text, `alerts_firing{severity="${severity}"}`)).toBe(0)
    for (const queue of ['clicks', 'telemetry', 'orphan postbacks'])
      expect(valueOf(text, `queue_depth{queue="${queue}"}`)).toBe(0)
    expect(valueOf(text, 'http_server_active_requests')).toBeGreaterThanOrEqual(0)
    expect(lint(text)).toEqual([])
  })

  it('counts the alerts that fire, by severity, and what waits in all queues of a kind', async () => {
    const { admin: owner } = app.database
    await owner.query(`insert into core.alerts (rule, labels, state, severity, since, seen_at, fired_at)
      select 'test', jsonb_build_object('n', n), case n when 3 then 'pending' else 'firing' end, 'critical', now(), now(),
        case when n < 3 then now() end
      from generate_series(1, 3) n`)
    await owner.query(`insert into webhooks.webhooks (owner, slot, url, events, secret)
      select 'admin', n, 'https://example.com/', '{test.done}', 'x' from generate_series(1, 2) n`)
    await owner.query(`insert into webhooks.webhook_deliveries (webhook_id, event_id, subject, type, body, give_up_at)
      select id, 'evt', 's', 'test.done', '{}', now() + interval '1 day' from webhooks.webhooks`)
    const text = await scrape()
    expect(valueOf(text, 'alerts_firing{severity="critical"}')).toBe(2)
    expect(valueOf(text, 'queue_depth{queue="webhook"}')).toBe(2)
    expect(text).not.toMatch(/queue="webhook:\d/)
    await owner.query('truncate core.alerts')
    await owner.query('delete from webhooks.webhook_deliveries')
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
