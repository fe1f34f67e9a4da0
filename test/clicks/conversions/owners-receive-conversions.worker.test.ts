import { expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { startReceiver } from '../../webhooks/support/receiver.ts'
import { caller as anyCaller, runWebhooks } from '../../webhooks/support/subscriber.ts'
import { caller, campaignOf } from '../support/http.ts'
import { visit } from '../support/visiting.ts'

const receiver = await startReceiver()
const app = await freshWorker({
  bindings: { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks' },
})

async function subscribed(sub: string): Promise<void> {
  const subscriber = anyCaller(app, await app.token('partner', sub))
  const events = ['conversion.pending', 'conversion.approved']
  const made = await subscriber.post('/v1/webhooks', { body: { url: `${receiver.origin}/${sub}`, events } })
  expect(made.status).toBe(201)
}

it('the owner of a campaign receives each status of a conversion once, and no other partner does', async () => {
  for (const sub of ['7', '8']) await subscribed(sub)
  const partner = await caller(app, 'partner', '7')
  const source = await partner.post('/sources', {
    slug: 'net',
    name: 'Net',
    paramMap: { clickIdParam: 'gclid' },
  })
  expect((await partner.post('/campaigns', campaignOf('mine', { trafficSource: 'net' }))).status).toBe(201)
  const { location } = await visit(app, '/c/mine?gclid=g1')
  const click = /cid=([0-9a-f-]{36})/.exec(location ?? '')?.[1] ?? ''
  const stored = () => app.database.admin.query('select from clicks.clicks where id = $1', [click])
  await expect.poll(async () => (await stored()).rowCount, soon).toBe(1)

  const secret = String(source.body['postbackSecret'])
  for (const status of ['pending', 'approved', 'approved'])
    await app.fetch(
      `/postback/net?secret=${secret}&clickid=${click}&payout=2.50&currency=USD&status=${status}`,
    )
  await runWebhooks(app)

  const events = receiver.at('/7').map(({ body }) => JSON.parse(body))
  expect(events).toMatchObject([
    {
      type: 'conversion.pending',
      data: { clickId: click, status: 'pending', payoutMinor: 250, currency: 'USD' },
    },
    {
      type: 'conversion.approved',
      data: { clickId: click, status: 'approved', payoutMinor: 250, currency: 'USD' },
    },
  ])
  expect(receiver.at('/8')).toEqual([])
})
