import { describe, expect, it } from 'vitest'
import { mostCostMinor, mostPayoutMinor } from '../../../functions/clicks/contract.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { type Answer, caller, campaignOf, idOf } from '../support/http.ts'
import { visit } from '../support/visiting.ts'

const app = await freshWorker()
const { admin: postgres } = app.database
const admin = await caller(app)
const partner = await caller(app, 'partner', 'acme')
const other = await caller(app, 'partner', 'globex')

async function countOf(table: string): Promise<number> {
  const { rows } = await postgres.query(`select count(*)::int as n from clicks.${table}`)
  return rows[0].n
}

const problem = ({ status, body }: Answer) => [status, body['code']]
const versionOf = ({ body }: Answer) => Number(body['version'])

describe('a campaign', () => {
  it('is created with its parts in one round trip, and its link works at once', async () => {
    await admin.post('/sources', { slug: 'net1', name: 'Net 1', paramMap: { sub1: 's1' } })
    const sent = campaignOf('Spring', {
      fallbackUrl: 'https://example.com/closed',
      cost: { model: 'cpc', amountMinor: 12 },
      trafficSource: 'NET1',
      offers: [
        { name: 'A', url: 'https://shop.example/a?cid={clickid}&s={sub1}', weight: 3 },
        { name: 'B', url: 'https://shop.example/b?cid={clickid}', weight: 0 },
      ],
    })
    expect((await visit(app, '/c/spring')).status).toBe(404)
    const created = await admin.post('/campaigns', sent)
    expect(created.status).toBe(201)
    expect(created.trips).toBe(1)
    expect(created.headers.get('etag')).toBe('"1"')
    expect(created.body).toMatchObject({
      ...sent,
      owner: 'admin',
      status: 'active',
      trafficSource: 'net1',
      version: 1,
      landingPages: [],
      offers: [
        { name: 'A', weight: 3, targets: {}, status: 'active' },
        { name: 'B', weight: 0 },
      ],
    })
    expect((await admin.get(`/campaigns/${idOf(created)}`)).body).toEqual(created.body)
    const led = await visit(app, '/c/spring?s1=abc')
    expect(led.location).toMatch(/^https:\/\/shop\.example\/a\?cid=[0-9a-f-]{36}&s=abc$/)
  })

  it('says how much of its link the advertiser learns', async () => {
    await admin.post('/campaigns', campaignOf('quiet', { referrerPolicy: 'no-referrer' }))
    expect((await visit(app, '/c/quiet')).headers.get('referrer-policy')).toBe('no-referrer')
  })

  it('keeps the configuration of each version, with the parts of that version', async () => {
    const created = await admin.post('/campaigns', campaignOf('kept'))
    await admin.post(`/campaigns/${idOf(created)}/offers`, { name: 'B', url: 'https://b.example/' })
    const { rows } = await postgres.query(
      `select version, jsonb_path_query_array(config, '$.offers[*].name') as offers
      from clicks.campaign_versions where campaign_id = $1 order by version`,
      [idOf(created)],
    )
    expect(rows).toEqual([
      { version: 1, offers: ['A'] },
      { version: 2, offers: ['A', 'B'] },
    ])
  })

  it('has one effect under one idempotency key', async () => {
    const body = campaignOf('once')
    const answers = await Promise.all(Array.from({ length: 5 }, () => admin.post('/campaigns', body, 'once')))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const { rows } = await postgres.query(`select from clicks.campaigns where slug = 'once'`)
    expect(rows).toHaveLength(1)
  })

  it('gets a slug that nobody else has, in any case and also in a race', async () => {
    const answers = await Promise.all(
      ['race', 'RACE', 'Race', 'rAce'].map((slug) => admin.post('/campaigns', campaignOf(slug))),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409])
    expect(answers.filter(({ status }) => status === 409).map(({ body }) => body['code'])).toEqual(
      Array(3).fill('slug_taken'),
    )
  })

  it('is refused with the field at fault, and nothing is stored', async () => {
    const before = [await countOf('campaigns'), await countOf('campaign_offers')]
    const wrong: [object, number, string, string][] = [
      [{ offers: [{ name: 'A', url: 'javascript:alert(1)' }] }, 422, 'destination_invalid', 'offers.0.url'],
      [
        { offers: [{ name: 'A', url: 'https://{sub1}.example/' }] },
        422,
        'destination_invalid',
        'offers.0.url',
      ],
      [
        { offers: [{ name: 'A', url: 'https://a.example/{nope}' }] },
        422,
        'destination_invalid',
        'offers.0.url',
      ],
      [
        { offers: [{ name: 'A', url: 'https://a.example/{offerlink}' }] },
        422,
        'destination_invalid',
        'offers.0.url',
      ],
      [{ fallbackUrl: 'https://a.example/{clickid}' }, 422, 'destination_invalid', 'fallbackUrl'],
      [
        { landingPages: [{ name: 'L', url: 'ftp://a.example/' }] },
        422,
        'destination_invalid',
        'landingPages.0.url',
      ],
      [{ currency: 'XXY' }, 400, 'validation_failed', 'currency'],
      [{ slug: 'a b' }, 400, 'validation_failed', 'slug'],
      [
        { startsAt: '2026-02-01T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' },
        400,
        'validation_failed',
        'endsAt',
      ],
      [{ cost: { model: 'revshare', amountMinor: 3 } }, 400, 'validation_failed', 'cost.percent'],
      [
        { cost: { model: 'cpc', amountMinor: mostCostMinor + 1 } },
        400,
        'validation_failed',
        'cost.amountMinor',
      ],
      [{ payoutMinor: mostPayoutMinor + 1 }, 400, 'validation_failed', 'payoutMinor'],
      [
        { offers: [{ name: 'A', url: 'https://a.example/', targets: { countries: ['de'] } }] },
        400,
        'validation_failed',
        'offers.0.targets.countries.0',
      ],
    ]
    for (const [more, status, code, path] of wrong) {
      const answer = await admin.post('/campaigns', campaignOf('wrong', more))
      expect([...problem(answer), JSON.stringify(answer.body['errors'])]).toEqual([
        status,
        code,
        expect.stringContaining(`"path":"${path}"`),
      ])
    }
    expect(problem(await admin.post('/campaigns', campaignOf('w', { timezone: 'Europe/Nowhere' })))).toEqual([
      400,
      'validation_failed',
    ])
    expect(problem(await admin.post('/campaigns', campaignOf('w', { trafficSource: 'nobody' })))).toEqual([
      404,
      'not_found',
    ])
    expect([await countOf('campaigns'), await countOf('campaign_offers')]).toEqual(before)
  })

  it('comes in batches, of which a wrong item touches no other', async () => {
    const { status, body } = await admin.post('/campaigns/bulk', {
      campaigns: [
        campaignOf('bulk-1'),
        campaignOf('BULK-1'),
        campaignOf('bulk-2', { offers: [{ name: 'A', url: 'mailto:a@b.example' }] }),
        { slug: 'bulk-3' },
        campaignOf('bulk-4', { trafficSource: 'nobody' }),
        campaignOf('bulk-5', { landingPages: [{ name: 'L', url: 'https://l.example/?to={offerlink}' }] }),
      ],
    })
    expect(status).toBe(200)
    expect(body['data']).toMatchObject([
      { index: 0, ok: true, campaign: { slug: 'bulk-1', offers: [{ name: 'A' }] } },
      { index: 1, ok: false, problem: { code: 'slug_taken', slug: 'BULK-1' } },
      { index: 2, ok: false, problem: { code: 'destination_invalid' } },
      { index: 3, ok: false, problem: { code: 'validation_failed' } },
      { index: 4, ok: false, problem: { code: 'not_found' } },
      { index: 5, ok: true, campaign: { landingPages: [{ name: 'L' }] } },
    ])
  })

  it('changes at the version that the caller read, and its link follows at once', async () => {
    const created = await admin.post('/campaigns', campaignOf('changing'))
    const path = `/campaigns/${idOf(created)}`
    await visit(app, '/c/changing')
    const edited = await admin.patch(path, 1, {
      endsAt: '2020-01-01T00:00:00Z',
      fallbackUrl: 'https://example.com/over',
      cost: { model: 'revshare', percent: 12.5 },
    })
    expect(edited.body).toMatchObject({ version: 2, cost: { model: 'revshare', percent: 12.5 } })
    expect((await visit(app, '/c/changing')).location).toBe('https://example.com/over')
    expect(problem(await admin.patch(path, 1, { name: 'late' }))).toEqual([412, 'version_mismatch'])
    expect(problem(await admin.patch(path, 2, { startsAt: '2021-01-01T00:00:00Z' }))).toEqual([
      422,
      'unprocessable',
    ])
    expect(problem(await admin.patch(path, 2, { trafficSource: 'nobody' }))).toEqual([422, 'unprocessable'])
    expect(problem(await admin.patch(path, 2, { fallbackUrl: 'x' }))).toEqual([422, 'destination_invalid'])
    expect((await admin.get(path)).body['version']).toBe(2)
  })

  it('is paused, resumed and archived, and its link says so at once', async () => {
    const created = await admin.post('/campaigns', campaignOf('steps'))
    const step = (name: string) => admin.post(`/campaigns/${idOf(created)}/${name}`)
    const link = async () => (await visit(app, '/c/steps')).status
    expect(problem(await step('resume'))).toEqual([409, 'illegal_transition'])
    expect([(await step('pause')).body['status'], await link()]).toEqual(['paused', 404])
    expect(problem(await step('pause'))).toEqual([409, 'illegal_transition'])
    expect([(await step('resume')).body['status'], await link()]).toEqual(['active', 302])
    expect([(await step('archive')).body['status'], await link()]).toEqual(['archived', 410])
    const late = await step('resume')
    expect(late.body).toMatchObject({ code: 'illegal_transition', from: 'archived', to: 'active' })
    expect(problem(await admin.patch(`/campaigns/${idOf(created)}`, 4, { name: 'x' }))).toEqual([
      409,
      'illegal_transition',
    ])
  })

  it('is cloned with its active parts, paused', async () => {
    const created = await admin.post(
      '/campaigns',
      campaignOf('original', { landingPages: [{ name: 'L', url: 'https://l.example/' }] }),
    )
    const added = await admin.post(`/campaigns/${idOf(created)}/offers`, {
      name: 'B',
      url: 'https://b.example/',
    })
    await admin.patch(`/campaigns/${idOf(created)}/offers/${idOf(added)}`, 2, { status: 'archived' })
    const clone = await admin.post(`/campaigns/${idOf(created)}/clone`, { slug: 'copy' })
    expect(clone.body).toMatchObject({
      slug: 'copy',
      name: 'original',
      status: 'paused',
      version: 1,
      offers: [{ name: 'A' }],
      landingPages: [{ name: 'L' }],
    })
    expect(clone.body['offers']).toHaveLength(1)
    expect(problem(await admin.post(`/campaigns/${idOf(created)}/clone`, { slug: 'COPY' }))).toEqual([
      409,
      'slug_taken',
    ])
  })

  it('shows it for a link whose parameter has the name of a member of every object', async () => {
    await admin.post('/sources', { slug: 'builder', name: 'B', paramMap: { sub1: 'constructor' } })
    const created = await admin.post(
      '/campaigns',
      campaignOf('built', {
        trafficSource: 'builder',
        offers: [{ name: 'A', url: 'https://a.example/?s={sub1}', targets: { query: { toString: ['7'] } } }],
      }),
    )
    const test = (query: object) => admin.post(`/campaigns/${idOf(created)}/test`, { query })
    expect((await test({})).body).toMatchObject({ offer: null })
    expect((await test({ toString: '7' })).body).toMatchObject({ location: 'https://a.example/?s=' })
    expect((await test({ toString: '7', constructor: 'x' })).body).toMatchObject({
      location: 'https://a.example/?s=x',
    })
  })

  it('shows where a visitor would be sent, and records nothing', async () => {
    const created = await admin.post(
      '/campaigns',
      campaignOf('tested', {
        fallbackUrl: 'https://example.com/none',
        offers: [
          { name: 'DE', url: 'https://de.example/?s={sub1}', targets: { countries: ['DE'] } },
          { name: 'US', url: 'https://us.example/', targets: { countries: ['US'] } },
        ],
      }),
    )
    const test = (body?: object) => admin.post(`/campaigns/${idOf(created)}/test`, body)
    expect((await test({ country: 'DE', query: { sub1: 'ü' } })).body).toMatchObject({
      leadsTo: 'offer',
      closedFor: null,
      offer: { name: 'DE' },
      location: 'https://de.example/?s=%C3%BC',
    })
    expect((await test()).body).toMatchObject({
      leadsTo: 'fallback',
      offer: null,
      location: 'https://example.com/none',
    })
    await admin.post(`/campaigns/${idOf(created)}/pause`)
    expect((await test({ country: 'US' })).body).toMatchObject({ leadsTo: 'fallback', closedFor: 'paused' })
    await admin.post(`/campaigns/${idOf(created)}/archive`)
    expect((await test()).body).toMatchObject({ leadsTo: 'nothing', closedFor: 'archived', location: null })
    const recorded = await postgres.query('select from clicks.clicks where campaign_id = $1', [idOf(created)])
    expect(recorded.rows).toHaveLength(0)
  })
})

it('a change shows in a second Worker within its five seconds', async () => {
  const second = await freshWorker({ database: app.database })
  const created = await admin.post('/campaigns', campaignOf('elsewhere'))
  expect((await visit(second, '/c/elsewhere')).status).toBe(302)
  await admin.post(`/campaigns/${idOf(created)}/pause`)
  const pausedAt = Date.now()
  let lastServedAt = pausedAt
  const status = async () => {
    const startedAt = Date.now()
    const led = await visit(second, '/c/elsewhere')
    if (led.status === 302) lastServedAt = startedAt
    return led.status
  }
  await expect.poll(status, soon).toBe(404)
  // A busy machine may load the new configuration late; the old one serves meanwhile.
  expect(lastServedAt - pausedAt).toBeLessThan(5_000 + 10_000)
})

describe('an offer', () => {
  it('with weight 0 gets no visitors, and a change of it is a version of its campaign', async () => {
    const created = await admin.post('/campaigns', campaignOf('weights'))
    const path = `/campaigns/${idOf(created)}/offers`
    const added = await admin.post(path, { name: 'B', url: 'https://b.example/', weight: 1 })
    expect([added.status, versionOf(added)]).toEqual([201, 2])
    const [{ id: first }] = (await admin.get(path)).body['data'] as [{ id: number }]
    const stopped = await admin.patch(`${path}/${first}`, 2, { weight: 0 })
    expect(stopped.body).toMatchObject({ id: first, weight: 0, version: 3 })
    for (let at = 0; at < 10; at += 1)
      expect((await visit(app, '/c/weights', { address: `192.0.2.${at}` })).location).toBe(
        'https://b.example/',
      )
    expect(problem(await admin.patch(`${path}/${first}`, 2, { weight: 1 }))).toEqual([
      412,
      'version_mismatch',
    ])
    expect(problem(await admin.patch(`${path}/${first}`, 3, { url: 'x' }))).toEqual([
      422,
      'destination_invalid',
    ])
    expect(problem(await admin.patch(`${path}/999999`, 3, { weight: 1 }))).toEqual([404, 'not_found'])
  })

  it('is added by many callers at once, and the last version has all of them', async () => {
    const created = await admin.post('/campaigns', campaignOf('crowd'))
    const path = `/campaigns/${idOf(created)}/offers`
    await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        admin.post(path, { name: `O${at}`, url: `https://o.example/${at}` }),
      ),
    )
    const { rows } = await postgres.query(
      `select version, jsonb_array_length(config -> 'offers') as offers
      from clicks.campaign_versions where campaign_id = $1 order by version`,
      [idOf(created)],
    )
    expect(rows).toEqual(Array.from({ length: 9 }, (_, at) => ({ version: at + 1, offers: at + 1 })))
  })
})

it('a landing page is added, listed and changed as an offer is, and with weight 0 gets no visitors', async () => {
  const created = await admin.post('/campaigns', campaignOf('landing'))
  const path = `/campaigns/${idOf(created)}/landing-pages`
  const first = await admin.post(path, { name: 'L1', url: 'https://l1.example/?next={offerlink}' })
  const second = await admin.post(path, { name: 'L2', url: 'https://l2.example/' })
  expect([first.status, versionOf(first), second.status, versionOf(second)]).toEqual([201, 2, 201, 3])
  expect((await admin.get(path)).body['data']).toMatchObject([{ name: 'L1' }, { name: 'L2' }])
  const patched = await admin.patch(`${path}/${idOf(first)}`, 3, { weight: 0 })
  expect(patched.body).toMatchObject({ id: idOf(first), weight: 0, version: 4 })
  for (let at = 0; at < 10; at += 1)
    expect((await visit(app, '/c/landing', { address: `192.0.2.${at}` })).location).toBe(
      'https://l2.example/',
    )
  await admin.patch(`${path}/${idOf(second)}`, 4, { weight: 0 })
  expect((await visit(app, '/c/landing')).location).toMatch(/^https:\/\/shop\.example\/a\?cid=/)
  expect(problem(await admin.post(path, { name: 'L3', url: 'ftp://l3.example/' }))).toEqual([
    422,
    'destination_invalid',
  ])
})

describe('a partner', () => {
  it('owns what it creates, and others neither see nor change it', async () => {
    const created = await partner.post('/campaigns', campaignOf('acme-1'))
    expect(created.body).toMatchObject({ owner: 'partner:acme' })
    const path = `/campaigns/${idOf(created)}`
    const refused = [
      await other.get(path),
      await other.patch(path, 1, { name: 'mine' }),
      await other.post(`${path}/pause`),
      await other.post(`${path}/clone`, { slug: 'stolen' }),
      await other.post(`${path}/test`),
      await other.get(`${path}/offers`),
      await other.post(`${path}/offers`, { name: 'X', url: 'https://x.example/' }),
      await other.post(`${path}/landing-pages`, { name: 'X', url: 'https://x.example/' }),
    ]
    expect(refused.map(problem)).toEqual(refused.map(() => [404, 'not_found']))
    expect((await admin.get(path)).status).toBe(200)
    expect((await partner.get(path)).body).toEqual(created.body)
    const listed = async (by: typeof admin) =>
      ((await by.get('/campaigns?limit=200')).body['data'] as { slug: string }[]).map(({ slug }) => slug)
    expect(await listed(partner)).toEqual(['acme-1'])
    expect(await listed(other)).toEqual([])
    expect(await listed(admin)).toContain('acme-1')
  })

  it('cannot send visitors through the source of somebody else', async () => {
    expect(
      problem(await partner.post('/campaigns', campaignOf('acme-2', { trafficSource: 'net1' }))),
    ).toEqual([404, 'not_found'])
  })
})

it('lists campaigns newest first, page by page, each once', async () => {
  const seen: number[] = []
  let query = ''
  for (;;) {
    const { body } = await admin.get(`/campaigns?limit=7${query}`)
    seen.push(...(body['data'] as { id: number }[]).map(({ id }) => id))
    const next = body['nextCursor']
    if (typeof next !== 'string') break
    query = `&cursor=${next}`
  }
  expect(seen).toEqual([...seen].sort((a, b) => b - a))
  expect(new Set(seen).size).toBe(await countOf('campaigns'))
})
