import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'

const readme = readFileSync(join(import.meta.dirname, '../../../functions/clicks/README.md'), 'utf8')
const [, tour = ''] = /```sh\n(.*?)```/s.exec(readme) ?? []
const app = await freshWorker()

it('the commands of the README create a campaign, follow its link, explain the click and convert it', async () => {
  const admin = await app.token('admin', 1)
  // The tour waits for a quiet machine; the test waits for the fact.
  const untilStored = `until get /v1/clicks/clicks/$id | grep -q '"validity"'; do sleep 0.2; done`
  const script = tour.replace(/^(clicks|admin)=.*$/gm, '').replace('sleep 3', untilStored)
  const env = { ...process.env, clicks: app.url, admin }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env, timeout: 60_000 })
  const [campaign = '', location = '', click = '', postback = '', stats = '', accounting = ''] = stdout
    .trim()
    .split('\n')
  expect(JSON.parse(campaign)).toMatchObject({ slug: 'tour', status: 'active' })
  const [, id] = /^https:\/\/shop\.example\/a\?cid=([^&]+)&s=banner$/.exec(location) ?? []
  expect(JSON.parse(click)).toMatchObject({
    id,
    campaign: 'tour',
    sub1: 'banner',
    choice: { recomputed: true },
  })
  expect(JSON.parse(postback)).toMatchObject({ result: 'accepted', stands: { payoutMinor: 250 } })
  expect(JSON.parse(stats)).toMatchObject({
    data: [{ offer: 'A', clicks: 1, conversions: 1, revenueMinor: 250 }],
  })
  expect(JSON.parse(accounting)).toMatchObject({ data: [{ answered: 1, stored: 1, missing: 0 }], gaps: [] })
})
