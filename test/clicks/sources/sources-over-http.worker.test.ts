import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { type Answer, caller, campaignOf, idOf } from '../support/http.ts'
import { visit } from '../support/visiting.ts'

const app = await freshWorker()
const admin = await caller(app)
const partner = await caller(app, 'partner', 'acme')
const problem = ({ status, body }: Answer) => [status, body['code']]

it('a source shows the secret of its postbacks once, and stores it encrypted for its owner', async () => {
  const created = await partner.post(
    '/sources',
    { slug: 'net1', name: 'Net 1', statusMap: { ok: 'approved' } },
    'k1',
  )
  const secret = String(created.body['postbackSecret'])
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  expect(created.body).toMatchObject({
    owner: 'partner:acme',
    slug: 'net1',
    statusMap: { ok: 'approved' },
    ipAllow: [],
  })
  const repeated = await partner.post(
    '/sources',
    { slug: 'net1', name: 'Net 1', statusMap: { ok: 'approved' } },
    'k1',
  )
  expect(repeated.body).toEqual(created.body)

  const read = await partner.get(`/sources/${idOf(created)}`)
  expect(read.body).not.toHaveProperty('postbackSecret')
  const { rows } = await app.database.admin.query(
    `select (to_jsonb(s) || coalesce((select jsonb_agg(k) from core.idempotency_keys k), '[]')) :: text as all
    from clicks.traffic_sources s`,
  )
  expect(rows[0].all).not.toContain(secret)
})

it('a rotation gives a new secret, and keeps the old one for the overlap', async () => {
  const created = await admin.post('/sources', { slug: 'net2', name: 'Net 2' })
  const rotated = await admin.post(`/sources/${idOf(created)}/rotate`, { overlapHours: 1 })
  expect(rotated.body).toMatchObject({ version: 2, oldSecretUntil: expect.any(String) })
  expect(rotated.body['postbackSecret']).not.toBe(created.body['postbackSecret'])
  const again = await admin.post(`/sources/${idOf(created)}/rotate`, { overlapHours: 0 })
  expect(again.body).toMatchObject({ version: 3, oldSecretUntil: null })
})

it('a change of its parameters reaches the links of its campaigns at once', async () => {
  const created = await admin.post('/sources', { slug: 'net3', name: 'Net 3', paramMap: { sub1: 'a' } })
  const offers = [{ name: 'A', url: 'https://shop.example/?s={sub1}' }]
  await admin.post('/campaigns', campaignOf('mapped', { trafficSource: 'net3', offers }))
  expect((await visit(app, '/c/mapped?a=1&b=2')).location).toBe('https://shop.example/?s=1')
  const edited = await admin.patch(`/sources/${idOf(created)}`, 1, {
    paramMap: { sub1: 'b', payout: 'sum' },
  })
  expect(edited.body).toMatchObject({ version: 2, paramMap: { sub1: 'b', payout: 'sum' } })
  expect((await visit(app, '/c/mapped?a=1&b=2')).location).toBe('https://shop.example/?s=2')
})

it('a source is refused with the field at fault', async () => {
  const wrong: [object, number, string, string][] = [
    [{ postbackTemplate: 'http://net.example/' }, 422, 'destination_invalid', 'postbackTemplate'],
    [{ postbackTemplate: 'https://10.0.0.1/?c={clickid}' }, 422, 'destination_invalid', 'postbackTemplate'],
    [{ postbackTemplate: 'https://net.example/?c={nope}' }, 422, 'destination_invalid', 'postbackTemplate'],
    [{ paramMap: { sub9: 'x' } }, 400, 'validation_failed', 'paramMap.sub9'],
    [{ paramMap: { sub1: 'secret' } }, 400, 'validation_failed', 'paramMap.sub1'],
    [{ statusMap: { ok: 'yes' } }, 400, 'validation_failed', 'statusMap.ok'],
    [{ ipAllow: ['localhost'] }, 400, 'validation_failed', 'ipAllow.0'],
  ]
  for (const [more, status, code, path] of wrong) {
    const answer = await admin.post('/sources', { slug: 'wrong', name: 'Wrong', ...more })
    expect([...problem(answer), JSON.stringify(answer.body['errors'])]).toEqual([
      status,
      code,
      expect.stringContaining(`"path":"${path}"`),
    ])
  }
  expect(problem(await admin.post('/sources', { slug: 'NET1', name: 'Taken' }))).toEqual([409, 'slug_taken'])
})

it('a source belongs to its owner', async () => {
  const created = await admin.post('/sources', { slug: 'net4', name: 'Net 4' })
  const path = `/sources/${idOf(created)}`
  const refused = [
    await partner.get(path),
    await partner.patch(path, 1, { name: 'x' }),
    await partner.post(`${path}/rotate`),
  ]
  expect(refused.map(problem)).toEqual(refused.map(() => [404, 'not_found']))
  const { body } = await partner.get('/sources')
  expect((body['data'] as { slug: string }[]).map(({ slug }) => slug)).toEqual(['net1'])
})
