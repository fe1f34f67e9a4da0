import { expect, it } from 'vitest'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { caller, campaignOf, idOf } from '../support/http.ts'
import { visit } from '../support/visiting.ts'

const receiver = await startReceiver()
const app = await freshWorker({ bindings: { POSTBACK_ALLOW: receiver.origin } })
const { admin: postgres } = app.database
const admin = await caller(app)

const sendPostbacks = () => runJob(app, 'clicks-postbacks')

let sources = 0
type Given = { id: number; slug: string; sourceId: number; report(query: string): Promise<unknown> }

async function given(path: string, by = admin): Promise<Given> {
  sources += 1
  const slug = `s${sources}`
  const source = await by.post('/sources', {
    slug,
    name: slug,
    paramMap: { clickIdParam: 'gclid' },
    postbackTemplate: `${receiver.origin}${path}?c={externalid}&sum={payout}&cur={currency}&st={status}&s={sub1}&x=1`,
  })
  const campaign = await by.post('/campaigns', campaignOf(slug, { trafficSource: slug }))
  const { location } = await visit(app, `/c/${slug}?gclid=g%261&sub1=%C3%BC`)
  const click = /cid=([0-9a-f-]{36})/.exec(location ?? '')?.[1] ?? ''
  const count = async () =>
    (await postgres.query('select from clicks.clicks where id = $1', [click])).rowCount
  await expect.poll(count, soon).toBe(1)
  return {
    id: idOf(campaign),
    slug,
    sourceId: idOf(source),
    async report(query) {
      const response = await app.fetch(
        `/postback/${slug}?secret=${source.body['postbackSecret'] as string}&clickid=${click}&${query}`,
      )
      return response.json()
    },
  }
}

async function sent(campaign: number): Promise<Record<string, unknown>[]> {
  const { rows } = await postgres.query(
    `select p.conversion_status as status, p.state, p.tries, p.outcome, p.http_status as http,
      p.due_at > now() + interval '40 seconds' as later
    from clicks.postbacks_out p join clicks.conversions v on v.id = p.conversion_id
    where v.campaign_id = $1 order by p.id`,
    [campaign],
  )
  return rows
}

const due = () => postgres.query(`update clicks.postbacks_out set due_at = now() where state = 'waiting'`)

it('a source is called by GET for each status of a conversion, with its macros encoded', async () => {
  const { id, report } = await given('/a')
  await report('payout=12.5&currency=EUR&status=pending')
  await sendPostbacks()
  await report('payout=1.25&currency=KWD&status=approved')
  await report('payout=1.25&currency=KWD&status=approved')
  await sendPostbacks()
  const paths = receiver.received.map(({ path }) => path)
  expect(paths).toEqual([
    '/a?c=g%261&sum=12.50&cur=EUR&st=pending&s=%C3%BC&x=1',
    '/a?c=g%261&sum=1.250&cur=KWD&st=approved&s=%C3%BC&x=1',
  ])
  expect(receiver.received.map(({ body }) => body)).toEqual(['', ''])
  expect(await sent(id)).toMatchObject([
    { status: 'pending', state: 'delivered', tries: 1, http: 200 },
    { status: 'approved', state: 'delivered', tries: 1, http: 200 },
  ])
})

it('a source that fails is tried five times in a day, with growing pauses', async () => {
  const { id, report } = await given('/broken')
  const path = '/broken?c=g%261&sum=1.50&cur=USD&st=approved&s=%C3%BC&x=1'
  receiver.script(path, ...Array.from({ length: 9 }, () => ({ status: 500 })))
  await report('')
  for (let at = 1; at <= 5; at += 1) {
    await sendPostbacks()
    expect(await sent(id)).toMatchObject([
      { state: at < 5 ? 'waiting' : 'dead', tries: at, outcome: 'refused', http: 500, later: at < 5 },
    ])
    await due()
  }
  await sendPostbacks()
  expect(receiver.at(path)).toHaveLength(5)
})

it('a source that is away gets only the last status, and one that answers 410 is not called again', async () => {
  const { id, report } = await given('/away')
  const path = (status: string) => `/away?c=g%261&sum=1.50&cur=USD&st=${status}&s=%C3%BC&x=1`
  receiver.script(path('pending'), { status: 503 })
  receiver.script(path('approved'), { status: 410 })
  await report('status=pending')
  await sendPostbacks()
  await report('status=approved')
  await due()
  await sendPostbacks()
  expect(await sent(id)).toMatchObject([
    { status: 'pending', state: 'dead', tries: 1, outcome: 'superseded' },
    { status: 'approved', state: 'dead', tries: 1, outcome: 'gone', http: 410 },
  ])
  expect(receiver.received.filter(({ path: called }) => called.startsWith('/away'))).toHaveLength(2)
})

it('the owner of a source lists its postbacks, newest first, and nobody else does', async () => {
  const [acme, globex] = [await caller(app, 'partner', 'acme'), await caller(app, 'partner', 'globex')]
  const mine = await given('/mine', acme)
  const theirs = await given('/theirs', globex)
  for (const query of ['txid=a&status=pending', 'txid=a&status=approved', 'txid=b']) await mine.report(query)
  await theirs.report('')
  receiver.script('/theirs?c=g%261&sum=1.50&cur=USD&st=approved&s=%C3%BC&x=1', { status: 410 })
  const rows = async (by: typeof admin, query = '') =>
    (await by.get(`/postbacks?${query}`)).body['data'] as Record<string, unknown>[]
  expect(await rows(acme)).toMatchObject([
    { sourceId: mine.sourceId, status: 'approved', state: 'waiting', tries: 0, dueAt: expect.any(String) },
    { status: 'approved', state: 'waiting' },
    { status: 'pending', state: 'waiting', outcome: null, finishedAt: null },
  ])
  await sendPostbacks()
  const [last, second, first] = await rows(acme)
  expect([last, second, first]).toMatchObject([
    { source: mine.slug, campaignId: mine.id, state: 'delivered', httpStatus: 200, tries: 1, dueAt: null },
    { state: 'delivered', conversionId: first?.['conversionId'] },
    { state: 'dead', outcome: 'superseded', finishedAt: expect.any(String) },
  ])
  expect(await rows(globex)).toMatchObject([{ sourceId: theirs.sourceId, state: 'dead', httpStatus: 410 }])

  const conversion = `conversionId=${Number(first?.['conversionId'])}`
  const idsOf = async (by: typeof admin, query: string) => (await rows(by, query)).map(({ id }) => id)
  const all = [last, second, first].map((row) => row?.['id'])
  for (const by of [acme, admin]) {
    expect(await idsOf(by, `sourceId=${mine.sourceId}`)).toEqual(all)
    expect(await idsOf(by, `sourceId=${mine.sourceId}&state=dead`)).toEqual(all.slice(2))
    expect(await idsOf(by, conversion)).toEqual(all.slice(1))
    expect(await idsOf(by, `${conversion}&state=delivered`)).toEqual([all[1]])
  }
  for (const query of [`sourceId=${mine.sourceId}`, conversion]) expect(await rows(globex, query)).toEqual([])
  expect((await idsOf(admin, '')).slice(0, 4)).toEqual(expect.arrayContaining(all))
  expect(await idsOf(admin, 'state=delivered')).toEqual(expect.arrayContaining(all.slice(0, 2)))

  const page = await acme.get('/postbacks?limit=2')
  const rest = await acme.get(`/postbacks?limit=2&cursor=${page.body['nextCursor'] as string}`)
  expect([page, rest].map(({ body }) => (body['data'] as { id: number }[]).map(({ id }) => id))).toEqual([
    all.slice(0, 2),
    all.slice(2),
  ])
  expect(rest.body['nextCursor']).toBeNull()
  expect((await admin.get('/postbacks?state=lost')).status).toBe(400)
})
