import { describe, expect, it } from 'vitest'
import { dimensions } from '../../../schema/clicks/states.ts'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { type Answer, caller, campaignOf } from '../support/http.ts'
import { agents, visit } from '../support/visiting.ts'

const app = await freshWorker()
const { admin: postgres } = app.database
const admin = await caller(app)
const partner = await caller(app, 'partner', 'acme')

let slugs = 0

async function campaign(
  more: object = {},
  by = admin,
): Promise<{ id: number; slug: string; offers: number[] }> {
  slugs += 1
  const slug = `r-${slugs}`
  const { body } = await by.post('/campaigns', campaignOf(slug, more))
  return { slug, id: Number(body['id']), offers: (body['offers'] as { id: number }[]).map(({ id }) => id) }
}

type Counted = {
  at: string
  offer?: number | undefined
  clicks?: number
  currency?: string
  more?: Record<string, number>
}

/** Counts quarters as the consumer would: the reports read nothing else. */
async function counted(id: number, rows: Counted[]): Promise<void> {
  for (const { at, offer = 0, clicks = 1, currency = 'USD', more = {} } of rows) {
    const names = Object.keys(more)
    await postgres.query(
      `insert into clicks.campaign_stats (campaign_id, quarter, campaign_offer_id, currency, clicks
        ${names.map((name) => `, ${name}`).join('')})
      values ($1, date_bin('15 minutes', $2::timestamptz, timestamptz '2000-01-01 00:00:00+00'), $3, $4, $5
        ${names.map((_, place) => `, $${place + 6}`).join('')})
      on conflict (campaign_id, quarter, landing_page_id, campaign_offer_id, traffic_source_id, currency)
      do update set clicks = clicks.campaign_stats.clicks + excluded.clicks`,
      [id, at, offer, currency, clicks, ...Object.values(more)],
    )
  }
}

type Row = Record<string, unknown>
const rowsOf = ({ body }: Answer) => body['data'] as Row[]
const problem = ({ status, body }: Answer) => [status, body['code']]

async function report(id: number, query: string): Promise<Row[]> {
  const answer = await admin.get(`/campaigns/${id}/stats?${query}`)
  expect(answer.status).toBe(200)
  return rowsOf(answer)
}

describe('a report', () => {
  it('counts 00:10 and 00:40 in Asia/Tehran in one hour', async () => {
    const { id } = await campaign()
    // Half an hour off: 00:10 there is 20:40 UTC of the day before.
    await counted(id, [{ at: '2026-03-10T20:40:00Z' }, { at: '2026-03-10T21:10:00Z' }])
    const query = 'from=2026-03-01&to=2026-04-01&groupBy=hour'
    expect(await report(id, `${query}&tz=Asia/Tehran`)).toMatchObject([
      { hour: '2026-03-10T20:30:00.000000Z', clicks: 2 },
    ])
    expect(await report(id, query)).toHaveLength(2)
  })

  it.each([
    ['short', '2026-03-29', '2026-03-30', 23],
    ['long', '2026-10-25', '2026-10-26', 25],
  ])('has a row for each hour of the %s day of Europe/Berlin', async (_what, from, to, hours) => {
    const { id } = await campaign()
    const start = Date.parse(`${from}T00:00:00Z`) - 6 * 3_600_000
    await counted(
      id,
      Array.from({ length: 40 }, (_, hour) => ({ at: new Date(start + hour * 3_600_000).toISOString() })),
    )
    const rows = await report(id, `from=${from}&to=${to}&tz=Europe/Berlin&groupBy=hour`)
    expect(rows.map(({ clicks }) => clicks)).toEqual(Array(hours).fill(1))
    expect(new Set(rows.map(({ hour }) => hour)).size).toBe(hours)
    expect(await report(id, `from=${from}&to=${to}&tz=Europe/Berlin&groupBy=day`)).toMatchObject([
      { day: from, clicks: hours },
    ])
  })

  it('counts a visitor once for each UTC day: one visitor on three days is unique three times', async () => {
    const { id } = await campaign()
    const days = ['2026-05-01', '2026-05-02', '2026-05-03']
    await counted(
      id,
      days.map((day) => ({ at: `${day}T12:00:00Z`, clicks: 2, more: { uniques: 1 } })),
    )
    const answer = await admin.get(`/campaigns/${id}/stats?from=2026-05-01&to=2026-05-04`)
    expect(answer.body).toMatchObject({ uniqueBasis: 'day', timezone: 'UTC', basis: 'click' })
    expect(rowsOf(answer)).toMatchObject([{ clicks: 6, unique: 3 }])
  })

  it('has ratios, which are null without clicks or cost, and keeps other currencies apart', async () => {
    const { id, offers } = await campaign()
    await counted(id, [
      {
        at: '2026-06-01T10:00:00Z',
        offer: offers[0],
        clicks: 40,
        more: {
          valid: 30,
          conversions: 4,
          approved: 3,
          rejected: 1,
          revenue_minor: 900,
          cost_milli: 600_000,
        },
      },
      {
        at: '2026-06-01T10:00:00Z',
        offer: offers[0],
        clicks: 0,
        currency: 'EUR',
        more: { conversions: 1, approved: 1, revenue_minor: 500 },
      },
    ])
    expect(await report(id, 'from=2026-06-01&to=2026-06-02&groupBy=offer')).toEqual([
      expect.objectContaining({
        offer: 'A',
        offerId: offers[0],
        currency: 'USD',
        clicks: 40,
        valid: 30,
        conversions: 4,
        revenueMinor: 900,
        costMinor: 600,
        profitMinor: 300,
        cr: 0.1,
        epcMinor: 22.5,
        roi: 0.5,
      }),
      expect.objectContaining({
        offer: 'A',
        currency: 'EUR',
        clicks: 0,
        revenueMinor: 500,
        cr: null,
        epcMinor: null,
        roi: null,
      }),
    ])
  })

  it('counts a conversion at the time of its click or at its own', async () => {
    const { id } = await campaign()
    await counted(id, [
      { at: '2026-07-01T10:00:00Z', more: { conversions: 1, revenue_minor: 150 } },
      { at: '2026-07-03T10:00:00Z', clicks: 0, more: { own_conversions: 1, own_revenue_minor: 150 } },
    ])
    const query = 'from=2026-07-01&to=2026-07-04&groupBy=day'
    const of = (rows: Row[]) =>
      rows.map(({ day, conversions, revenueMinor }) => [day, conversions, revenueMinor])
    expect(of(await report(id, query))).toEqual([
      ['2026-07-01', 1, 150],
      ['2026-07-03', 0, 0],
    ])
    expect(of(await report(id, `${query}&basis=conversion`))).toEqual([
      ['2026-07-01', 0, 0],
      ['2026-07-03', 1, 150],
    ])
  })

  it('is read from Postgres once in five seconds, and by its owner only', async () => {
    const { id } = await campaign({}, partner)
    await counted(id, [{ at: new Date(Date.now() - 3_600_000).toISOString() }])
    const path = `/campaigns/${id}/stats?groupBy=day`
    const first = await partner.get(path)
    expect([first.trips, rowsOf(first)[0]?.['clicks']]).toEqual([1, 1])
    const second = await partner.get(path)
    expect(second.body).toEqual(first.body)
    expect(second.trips).toBe(0)
    const stranger = await caller(app, 'partner', 'globex')
    expect(problem(await stranger.get(path))).toEqual([404, 'not_found'])
    expect(problem(await stranger.get(path.replace('stats', 'stats.csv')))).toEqual([404, 'not_found'])
    expect(problem(await admin.get('/campaigns/999999/stats'))).toEqual([404, 'not_found'])
  })

  it('has ten thousand rows at most, and is refused with more instead of being cut', async () => {
    const { id } = await campaign()
    const offers = (from: number, to: number) =>
      postgres.query(
        `insert into clicks.campaign_stats (campaign_id, quarter, campaign_offer_id, currency, clicks)
        select $1, timestamptz '2026-03-01 00:00:00+00', n, 'USD', 1 from generate_series($2::int, $3::int) n`,
        [id, from, to],
      )
    const query = 'from=2026-03-01&to=2026-03-02&groupBy=offer'
    await offers(1, 10_000)
    expect(await report(id, query)).toHaveLength(10_000)
    await offers(10_001, 10_001)
    for (const kind of ['stats', 'stats.csv']) {
      // Another zone, so that no cache has the answer.
      const refused = await admin.get(`/campaigns/${id}/${kind}?${query}&tz=Europe/London`)
      expect([...problem(refused), refused.body['errors']]).toEqual([
        422,
        'unprocessable',
        [{ path: 'from', message: expect.stringContaining('10000') }],
      ])
    }
    expect(await report(id, 'from=2026-03-01&to=2026-03-02')).toMatchObject([{ clicks: 10_001 }])
  })

  it('refuses what it cannot count, with the field', async () => {
    const { id } = await campaign()
    const wrong: [string, string][] = [
      ['from=2026-02-01&to=2026-01-01', 'to'],
      ['from=2020-01-01&to=2026-01-01', 'to'],
      ['from=2020-01-01', 'from'],
      ['from=yesterday', 'from'],
      ['groupBy=shoe', 'groupBy'],
      ['groupBy=country&basis=conversion', 'basis'],
      ['tz=IST', 'tz'],
    ]
    for (const [query, path] of wrong) {
      const answer = await admin.get(`/campaigns/${id}/stats?${query}`)
      expect([...problem(answer), JSON.stringify(answer.body['errors'])]).toEqual([
        400,
        'validation_failed',
        expect.stringContaining(`"path":"${path}"`),
      ])
    }
    expect(problem(await admin.get(`/campaigns/${id}/stats?tz=Europe/Nowhere`))).toEqual([
      400,
      'validation_failed',
    ])
  })
})

describe('stored clicks', () => {
  it('are reported in each grouping of the contract, and each has all of them', async () => {
    await admin.post('/sources', { slug: 'groups', name: 'Groups' })
    const landingPages = [{ name: 'L', url: 'https://land.example/?next={offerlink}' }]
    const { id, slug } = await campaign({ trafficSource: 'groups', landingPages })
    const subs = [1, 2, 3, 4, 5].map((nth) => `sub${nth}=value-${nth}`).join('&')
    for (const agent of [agents.chrome, agents.iphone])
      await visit(app, `/c/${slug}?${subs}`, {
        agent,
        headers: { referer: 'https://news.example/today?q=1' },
      })
    const count = async () =>
      (await postgres.query('select from clicks.clicks where campaign_id = $1', [id])).rowCount
    await expect.poll(count, soon).toBe(2)
    await runJob(app, 'clicks-dimensions')
    const expected: Record<string, Record<string, number>> = {
      source: { groups: 2 },
      offer: { A: 2 },
      landing: { L: 2 },
      sub1: { 'value-1': 2 },
      sub2: { 'value-2': 2 },
      sub3: { 'value-3': 2 },
      sub4: { 'value-4': 2 },
      sub5: { 'value-5': 2 },
      country: { DE: 2 },
      device: { desktop: 1, mobile: 1 },
      os: { Windows: 1, iOS: 1 },
      browser: { Chrome: 1, Safari: 1 },
      referrer: { 'news.example': 2 },
    }
    expect(Object.keys(expected).toSorted()).toEqual(['source', 'offer', 'landing', ...dimensions].toSorted())
    for (const [group, values] of Object.entries(expected)) {
      const rows = await report(id, `groupBy=${group}`)
      expect([group, Object.fromEntries(rows.map((row) => [row[group], row['clicks']]))]).toEqual([
        group,
        values,
      ])
    }
    expect(await report(id, '')).toMatchObject([{ clicks: 2 }])
  })

  it('have no dimensions before they are folded first, and the caller learns when to ask again', async () => {
    const { id } = await campaign()
    await postgres.query('truncate clicks.folds')
    const early = await admin.get(`/campaigns/${id}/stats?groupBy=os`)
    expect([...problem(early), early.headers.get('retry-after')]).toEqual([503, 'no_data_yet', '60'])
    await runJob(app, 'clicks-dimensions')
    expect(await report(id, 'groupBy=device')).toEqual([])
  })

  it('are reported by dimension with their own asOf, listed and exported, and no cell is a formula', async () => {
    const { id, slug } = await campaign()
    const items: { id: string }[] = []
    for (const [country, query] of [
      ['DE', '?sub1=%40evil'],
      ['DE', ''],
      ['FR', ''],
    ] as const) {
      const { location } = await visit(app, `/c/${slug}${query}`, { country, agent: '=cmd|x' })
      items.unshift({ id: /cid=([0-9a-f-]{36})/.exec(location ?? '')?.[1] ?? '' })
    }
    const count = async () =>
      (await postgres.query('select from clicks.clicks where campaign_id = $1', [id])).rowCount
    await expect.poll(count, soon).toBe(3)
    const { rows: began } = await postgres.query('select now() as at')
    await runJob(app, 'clicks-dimensions')
    const answer = await admin.get(`/campaigns/${id}/stats?groupBy=country`)
    expect(Date.parse(String(answer.body['asOf']))).toBeGreaterThanOrEqual(began[0].at.getTime())
    expect(rowsOf(answer)).toMatchObject([
      { country: 'DE', clicks: 2 },
      { country: 'FR', clicks: 1 },
    ])
    const csv = await admin.get(`/campaigns/${id}/stats.csv?groupBy=sub1`)
    expect(
      csv.text
        .split('\r\n')
        .slice(0, 3)
        .map((line) => line.split(',').slice(0, 3)),
    ).toEqual([
      ['sub1', 'currency', 'clicks'],
      ['', 'USD', '2'],
      [`"'@evil"`, 'USD', '1'],
    ])

    const listed = await admin.get(`/clicks?campaignId=${id}&limit=2`)
    expect(rowsOf(listed).map((row) => row['id'])).toEqual(items.slice(0, 2).map(({ id: its }) => its))
    const rest = await admin.get(
      `/clicks?campaignId=${id}&limit=2&cursor=${listed.body['nextCursor'] as string}`,
    )
    expect(rowsOf(rest)).toMatchObject([{ id: items[2]?.id, sub1: '@evil' }])
    expect(rest.body['nextCursor']).toBeNull()
    expect(
      rowsOf(
        await admin.get(`/clicks?campaignId=${id}&to=${new Date(Date.now() - 3_600_000).toISOString()}`),
      ),
    ).toEqual([])
    expect(rowsOf(await admin.get(`/clicks?campaignId=${id}&kind=preview`))).toEqual([])
    const ndjson = (await admin.get(`/clicks.ndjson?campaignId=${id}`)).text.trim().split('\n')
    expect(ndjson.map((line) => JSON.parse(line).id)).toEqual(items.map(({ id: its }) => its))
    const file = (await admin.get(`/clicks.csv?campaignId=${id}`)).text
    expect(file).toContain(`"'=cmd|x"`)
    expect(file.trim().split('\r\n')).toHaveLength(4)
    const stranger = await caller(app, 'partner', 'globex')
    for (const path of ['/clicks', '/clicks.ndjson', '/clicks.csv'])
      expect(problem(await stranger.get(`${path}?campaignId=${id}`))).toEqual([404, 'not_found'])
  })
})
