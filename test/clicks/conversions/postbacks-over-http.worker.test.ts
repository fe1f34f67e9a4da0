import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { type Answer, caller, campaignOf, idOf } from '../support/http.ts'
import { visit } from '../support/visiting.ts'

const app = await freshWorker()
const { admin: postgres } = app.database
const admin = await caller(app)
const partner = await caller(app, 'partner', 'acme')

const matchOrphans = () => runJob(app, 'clicks-orphans')

let campaigns = 0

/** A stored click of a new campaign of this owner. */
async function clicked(
  by = admin,
  more: object = {},
): Promise<{ click: string; campaign: number; slug: string }> {
  campaigns += 1
  const slug = `c-${campaigns}`
  const campaign = idOf(await by.post('/campaigns', campaignOf(slug, more)))
  const [, click = ''] = /cid=([0-9a-f-]{36})/.exec((await visit(app, `/c/${slug}`)).location ?? '') ?? []
  await stored(click)
  return { click, campaign, slug }
}

async function stored(click: string): Promise<void> {
  await expect
    .poll(
      async () => (await postgres.query('select from clicks.clicks where id = $1', [click])).rowCount,
      soon,
    )
    .toBe(1)
}

async function source(slug: string, more: object = {}, by = admin): Promise<{ id: number; secret: string }> {
  const { body } = await by.post('/sources', { slug, name: slug, ...more })
  return { id: Number(body['id']), secret: String(body['postbackSecret']) }
}

type Sent = { method?: string; headers?: Record<string, string>; body?: object | URLSearchParams }

async function postback(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  const response = await app.fetch(`/postback/${path}`, {
    method,
    headers: {
      'cf-connecting-ip': '192.0.2.7',
      ...(body && !(body instanceof URLSearchParams) && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: text === '' ? {} : JSON.parse(text),
    text,
    headers: response.headers,
    trips: Number(response.headers.get('x-db-round-trips')),
  }
}

const { secret } = await source('net1', {
  statusMap: { OK: 'approved', trash: 'rejected', back: 'reversed', wait: 'pending' },
})
const report = (query: string) => postback(`net1?secret=${secret}&${query}`)
const problem = ({ status, body }: Answer) => [status, body['code']]

async function statsOf(campaign: number): Promise<Record<string, unknown>[]> {
  const { rows } = await postgres.query(
    `select currency, sum(clicks)::int as clicks, sum(valid)::int as valid, sum(invalid_sophisticated)::int as sophisticated,
      sum(conversions)::int as conversions, sum(pending)::int as pending, sum(approved)::int as approved,
      sum(rejected)::int as rejected, sum(reversed)::int as reversed, sum(revenue_minor)::int as revenue,
      sum(conversion_cost_milli)::int as cost, sum(own_conversions)::int as own, sum(own_revenue_minor)::int as own_revenue
    from clicks.campaign_stats where campaign_id = $1 group by currency order by currency`,
    [campaign],
  )
  return rows
}

describe('a postback', () => {
  it('converts its click in one round trip, and all counters and the click follow', async () => {
    const { click, campaign } = await clicked()
    await report(`clickid=${click}&type=warm&txid=w`)
    const answer = await report(`clickid=${click}&type=sale&payout=2.50&currency=USD&txid=T1&status=ok`)
    expect(answer.trips).toBe(1)
    expect(answer.body).toEqual({
      result: 'accepted',
      conversionId: expect.any(Number),
      stands: { status: 'approved', payoutMinor: 250, currency: 'USD' },
    })
    expect(await statsOf(campaign)).toMatchObject([
      { currency: 'USD', clicks: 1, conversions: 2, approved: 2, revenue: 400, own: 2, own_revenue: 400 },
    ])
    const { rows } = await postgres.query(
      'select conversion_type, converted_at is not null as converted, facts from clicks.clicks where id = $1',
      [click],
    )
    expect(rows).toEqual([
      {
        conversion_type: 'warm',
        converted: true,
        facts: expect.objectContaining({ secondsToConvert: expect.any(Number) }),
      },
    ])
    expect((await admin.get(`/conversions?campaignId=${campaign}`)).body['data']).toMatchObject([
      { type: 'sale', txid: 'T1', status: 'approved', payoutMinor: 250, currency: 'USD', clickId: click },
      { type: 'warm', txid: 'w', payoutMinor: 150 },
    ])
  })

  it.each([
    ['1.50', 'USD', 150],
    ['150', 'JPY', 150],
    ['1.234', 'KWD', 1234],
    ['1.500', 'USD', 150],
  ])('with the payout %s %s is worth %i minor units', async (payout, currency, minor) => {
    const { click } = await clicked()
    const answer = await report(`clickid=${click}&payout=${payout}&currency=${currency}`)
    expect(answer.body['stands']).toEqual({ status: 'approved', payoutMinor: minor, currency })
  })

  it('with more decimals than its currency has is refused, and nothing is stored', async () => {
    const { click, campaign } = await clicked()
    const yen = await clicked(admin, { currency: 'JPY' })
    expect(problem(await report(`clickid=${click}&payout=1.505&currency=USD`))).toEqual([
      422,
      'unprocessable',
    ])
    expect(problem(await report(`clickid=${click}&payout=1.505`))).toEqual([422, 'unprocessable'])
    expect(problem(await report(`clickid=${yen.click}&payout=1.5`))).toEqual([422, 'unprocessable'])
    const { rows } = await postgres.query('select from clicks.conversions where campaign_id = any($1)', [
      [campaign, yen.campaign],
    ])
    expect(rows).toHaveLength(0)
  })

  it('without a currency has that of its campaign', async () => {
    const { click } = await clicked(admin, { currency: 'KWD' })
    expect((await report(`clickid=${click}&payout=1.2`)).body['stands']).toEqual({
      status: 'approved',
      payoutMinor: 1200,
      currency: 'KWD',
    })
  })

  it('whose macros the network did not replace gets the payout of the campaign; without a click it is refused', async () => {
    const { click } = await clicked()
    const answer = await report(
      `clickid=${click}&payout={payout}&currency={currency}&txid=${encodeURIComponent('{{txid}}')}`,
    )
    expect(answer.body['stands']).toEqual({ status: 'approved', payoutMinor: 150, currency: 'USD' })
    expect((await admin.get('/conversions?limit=1')).body['data']).toMatchObject([{ txid: null }])
    expect(problem(await report('clickid={clickid}&payout=1'))).toEqual([400, 'validation_failed'])
    expect(problem(await report('payout=1'))).toEqual([400, 'validation_failed'])
  })

  it('is a conversion for each transaction of a click and type: T1, T2, none and none are three', async () => {
    const { click, campaign } = await clicked()
    const results: unknown[] = []
    for (const txid of ['&txid=T1', '&txid=T2', '', ''])
      results.push((await report(`clickid=${click}&type=sale${txid}`)).body['result'])
    expect(results).toEqual(['accepted', 'accepted', 'accepted', 'duplicate'])
    expect(await statsOf(campaign)).toMatchObject([{ conversions: 3, revenue: 450 }])
  })

  it.each([
    ['ok', 'wait', 'approved'],
    ['trash', 'ok', 'rejected'],
    ['back', 'ok', 'reversed'],
  ])('%s and %s end as %s, in any order', async (first, second, last) => {
    for (const statuses of [
      [first, second],
      [second, first],
    ]) {
      const { click, campaign } = await clicked()
      for (const status of statuses) await report(`clickid=${click}&status=${status}`)
      const { rows } = await postgres.query('select status from clicks.conversions where click_id = $1', [
        click,
      ])
      expect(rows).toEqual([{ status: last }])
      expect(await statsOf(campaign)).toMatchObject([
        { conversions: 1, [last]: 1, pending: 0, revenue: last === 'approved' ? 150 : 0, own: 1 },
      ])
    }
  })

  it('that is a duplicate learns which conversion stands, and in which fields it differs', async () => {
    const { click } = await clicked()
    await report(`clickid=${click}&status=trash&payout=1.50&currency=USD`)
    const again = await report(`clickid=${click}&status=ok&payout=2&currency=EUR`)
    expect(again.body).toMatchObject({
      result: 'duplicate',
      stands: { status: 'rejected', payoutMinor: 150, currency: 'USD' },
      differed: ['status', 'payout', 'currency'],
    })
    expect((await report(`clickid=${click}&status=trash`)).body['differed']).toEqual([])
    const { rows } = await postgres.query(
      `select e.result from clicks.conversion_events e join clicks.conversions v on v.id = e.conversion_id
      where v.click_id = $1 order by e.id`,
      [click],
    )
    expect(rows.map(({ result }) => result)).toEqual(['accepted', 'duplicate', 'duplicate'])
  })

  it('that moves a conversion to another currency counts under that currency only', async () => {
    const { click, campaign } = await clicked(admin, { cost: { model: 'cpa', amountMinor: 30 } })
    await report(`clickid=${click}&status=wait&payout=1&currency=EUR`)
    await report(`clickid=${click}&status=ok&payout=3&currency=GBP`)
    expect(await statsOf(campaign)).toMatchObject([
      { currency: 'EUR', conversions: 0, pending: 0, revenue: 0, own: 0 },
      { currency: 'GBP', conversions: 1, approved: 1, revenue: 300, own: 1, own_revenue: 300, cost: 0 },
      { currency: 'USD', clicks: 1, conversions: 0, cost: 30_000 },
    ])
    await report(`clickid=${click}&status=back`)
    expect((await statsOf(campaign)).map(({ revenue, cost }) => [revenue, cost])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })

  it('may come as a form, whose first value of a name counts', async () => {
    const { click } = await clicked()
    const body = new URLSearchParams({
      secret,
      clickid: click,
      payout: '2.50',
      currency: 'USD',
      txid: 'ü &=',
    })
    body.append('payout', '9.99')
    const answer = await postback('net1', { method: 'POST', body })
    expect(answer.body).toMatchObject({ result: 'accepted', stands: { payoutMinor: 250, currency: 'USD' } })
    const { rows } = await postgres.query('select txid from clicks.conversions where click_id = $1', [click])
    expect(rows).toEqual([{ txid: 'ü &=' }])
    expect(
      problem(await postback('net1', { method: 'POST', body: new URLSearchParams({ clickid: click }) })),
    ).toEqual([401, 'unauthenticated'])
    const nul = new URLSearchParams({ secret, clickid: click, txid: '\0' })
    expect(problem(await postback('net1', { method: 'POST', body: nul }))).toEqual([400, 'validation_failed'])
  })

  it('by HEAD changes nothing, and still needs the secret', async () => {
    const { click, campaign } = await clicked()
    expect((await postback(`net1?secret=${secret}&clickid=${click}`, { method: 'HEAD' })).status).toBe(204)
    expect((await postback(`net1?secret=wrong&clickid=${click}`, { method: 'HEAD' })).status).toBe(401)
    const { rows } = await postgres.query('select from clicks.conversions where campaign_id = $1', [campaign])
    expect(rows).toHaveLength(0)
  })

  it('is refused without the secret or a right signature, for an unknown source, and with unknown words', async () => {
    const { click } = await clicked()
    const query = `clickid=${click}&txid=signed`
    const sig = createHmac('sha256', secret).update(query).digest('hex')
    expect(problem(await postback(`net1?clickid=${click}`))).toEqual([401, 'unauthenticated'])
    expect(problem(await postback(`net1?clickid=${click}&secret=${secret}x`))).toEqual([
      401,
      'unauthenticated',
    ])
    expect(problem(await postback(`net1?${query}x&sig=${sig}`))).toEqual([401, 'unauthenticated'])
    expect(problem(await postback(`net1?${query}&sig=${sig}&payout=9`))).toEqual([401, 'unauthenticated'])
    expect(problem(await postback(`nobody?${query}&secret=${secret}`))).toEqual([404, 'not_found'])
    expect(problem(await report(`clickid=${click}&status=maybe`))).toEqual([400, 'validation_failed'])
    expect(problem(await report(`clickid=${click}&payout=-1`))).toEqual([400, 'validation_failed'])
    expect(problem(await report(`clickid=${click}&payout=1&currency=XXY`))).toEqual([
      400,
      'validation_failed',
    ])
    const { rows } = await postgres.query('select from clicks.conversions where click_id = $1', [click])
    expect(rows).toHaveLength(0)
    expect((await postback(`NET1?${query}&sig=${sig}`)).body['result']).toBe('accepted')
  })

  it('by POST has its parameters in the query or the body', async () => {
    const { click } = await clicked()
    const sent = await postback('net1', {
      method: 'POST',
      body: { secret, clickid: click, payout: 2, currency: 'USD' },
    })
    expect(sent.body).toMatchObject({ result: 'accepted', stands: { payoutMinor: 200 } })
    expect(
      (await postback(`net1?secret=${secret}&clickid=${click}`, { method: 'POST' })).body['result'],
    ).toBe('duplicate')
    const signed = await postback(`net1?clickid=${click}&sig=0`, { method: 'POST', body: { payout: 9 } })
    expect(problem(signed)).toEqual([400, 'validation_failed'])
  })

  it('is accepted only from the addresses that its source names, from the next request on', async () => {
    const { click } = await clicked()
    const { id, secret: its } = await source('closed', { ipAllow: ['192.0.2.0/28', '2001:db8::/32'] })
    const from = (address: string) =>
      postback(`closed?secret=${its}&clickid=${click}`, { headers: { 'cf-connecting-ip': address } })
    expect(problem(await from('198.51.100.1'))).toEqual([403, 'forbidden'])
    expect((await from('192.0.2.15')).body['result']).toBe('accepted')
    expect((await from('2001:db8::7')).body['result']).toBe('duplicate')
    await admin.patch(`/sources/${id}`, 1, { ipAllow: ['198.51.100.0/24'] })
    expect(problem(await from('192.0.2.15'))).toEqual([403, 'forbidden'])
  })

  it('reads the parameters that its source maps, and takes both secrets while they overlap', async () => {
    const { click } = await clicked()
    const { id, secret: first } = await source('mapped', {
      paramMap: { clickid: 'cid', payout: 'sum', txid: 'order' },
    })
    const { body } = await admin.post(`/sources/${id}/rotate`, { overlapHours: 1 })
    for (const its of [first, String(body['postbackSecret'])])
      expect(
        (await postback(`mapped?secret=${its}&cid=${click}&sum=4&order=${its.slice(0, 16)}`)).body,
      ).toMatchObject({
        result: 'accepted',
        stands: { payoutMinor: 400 },
      })
    await admin.post(`/sources/${id}/rotate`, { overlapHours: 0 })
    expect(problem(await postback(`mapped?secret=${first}&cid=${click}`))).toEqual([401, 'unauthenticated'])
  })

  it.each(['constructor', 'toString', '__proto__'])(
    'reads a parameter named %s like any other',
    async (name) => {
      const { click } = await clicked()
      const path = `named-${name.toLowerCase().replaceAll('_', '')}`
      const { secret: its } = await source(path, { paramMap: { txid: name } })
      const body = { secret: its, clickid: click }
      expect((await postback(path, { method: 'POST', body })).body['result']).toBe('accepted')
      expect((await postback(`${path}?${name}=7`, { method: 'POST', body })).body['result']).toBe('accepted')
      const { rows } = await postgres.query(
        'select txid from clicks.conversions where click_id = $1 order by txid',
        [click],
      )
      expect(rows.map(({ txid }) => txid)).toEqual(['', '7'])
    },
  )

  it('is sent to the owner of the campaign, once per change', async () => {
    const { secret: its } = await source('acme-net', {}, partner)
    const { click } = await clicked(partner)
    for (const status of ['pending', 'pending', 'approved', 'pending'])
      await postback(`acme-net?secret=${its}&clickid=${click}&status=${status}`)
    const { rows } = await postgres.query(
      `select type, audience, data ->> 'status' as status from core.outbox
      where data ->> 'clickId' = $1 order by seq`,
      [click],
    )
    expect(rows).toEqual([
      { type: 'conversion.pending', audience: 'partner:acme', status: 'pending' },
      { type: 'conversion.approved', audience: 'partner:acme', status: 'approved' },
    ])
  })
})

describe('a postback without a click', () => {
  const unknown = '01940000-0000-7000-8000-00000000000'

  it('is parked once, and converts the click in the minute in which it comes', async () => {
    const click = crypto.randomUUID().replace(/^(.{14})./, '$17')
    expect((await report(`clickid=${click}&payout=2`)).body).toEqual({ result: 'parked' })
    expect((await report(`clickid=${click}&payout=2`)).body).toEqual({ result: 'parked' })
    const { campaign, click: model } = await clicked()
    const { rows } = await postgres.query(
      'select count(*)::int as n from clicks.orphan_postbacks where click_id = $1',
      [click],
    )
    expect(rows).toEqual([{ n: 1 }])
    await postgres.query('update clicks.orphan_postbacks set click_id = $1 where click_id = $2', [
      model,
      click,
    ])
    await matchOrphans()
    expect(await statsOf(campaign)).toMatchObject([{ conversions: 1, revenue: 200 }])
    const { body } = await admin.get('/orphans?state=matched')
    expect(body['data']).toMatchObject([{ clickId: model, state: 'matched', matchedClickId: model }])
  })

  it('of another owner is parked, and its owner can match it by hand', async () => {
    const { secret: its } = await source('acme-net-2', {}, partner)
    const foreign = await clicked()
    const own = await clicked(partner)
    const parked = await postback(`acme-net-2?secret=${its}&clickid=${foreign.click}`)
    expect(parked.body).toEqual({ result: 'parked' })
    await matchOrphans()
    const [orphan] = (await partner.get('/orphans')).body['data'] as [{ id: number }]
    const stranger = await caller(app, 'partner', 'globex')
    const match = (by: typeof admin, clickId: string) => by.post(`/orphans/${orphan.id}/match`, { clickId })
    expect(problem(await match(stranger, own.click))).toEqual([404, 'not_found'])
    expect(problem(await match(partner, foreign.click))).toEqual([404, 'not_found'])
    expect((await match(partner, own.click)).body).toMatchObject({ result: 'accepted' })
    expect(problem(await match(partner, own.click))).toEqual([409, 'illegal_transition'])
    expect((await partner.get('/orphans')).body['data']).toEqual([])
  })

  it('waits for seven days', async () => {
    await report(`clickid=${unknown}1`)
    await report(`clickid=${unknown}2`)
    await postgres.query(
      `update clicks.orphan_postbacks set received_at = now() - interval '7 days 1 minute' where click_id = $1`,
      [`${unknown}1`],
    )
    await matchOrphans()
    const { rows } = await postgres.query(
      'select click_id, state from clicks.orphan_postbacks where click_id = any($1) order by click_id',
      [[`${unknown}1`, `${unknown}2`]],
    )
    expect(rows.map(({ state }) => state)).toEqual(['expired', 'open'])
  })
})

it('conversions are exported as NDJSON, and as CSV in which no cell is a formula', async () => {
  const { click, campaign } = await clicked()
  await report(`clickid=${click}&txid=${encodeURIComponent('=HYPERLINK("x")')}`)
  const { text, headers } = await admin.get(`/conversions.csv?campaignId=${campaign}`)
  expect(headers.get('content-type')).toContain('text/csv')
  expect(text.split('\r\n')[0]).toContain('id,clickId,campaignId')
  expect(text).toContain(`"'=HYPERLINK(""x"")"`)
  const ndjson = await admin.get(`/conversions.ndjson?campaignId=${campaign}`)
  expect(ndjson.headers.get('content-type')).toContain('application/x-ndjson')
  expect(
    ndjson.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ clickId: click, txid: '=HYPERLINK("x")' }])
  const stranger = await caller(app, 'partner', 'globex')
  expect((await stranger.get('/conversions.csv')).text.trim().split('\r\n')).toHaveLength(1)
  expect((await stranger.get('/conversions.ndjson')).text).toBe('')
  expect((await stranger.get(`/conversions?campaignId=${campaign}`)).body['data']).toEqual([])
})
