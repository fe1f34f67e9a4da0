import { expect, it } from 'vitest'
import { readClicksArguments, sendVisitors } from '../../dev/commands/clicks.ts'
import { soon } from '../support/soon.ts'
import { freshWorker } from '../support/worker.ts'
import { givenCampaign } from './support/given.ts'

const app = await freshWorker()
const { admin } = app.database

it('simulated visitors of several countries and agents are led on, and each of their clicks is stored', async () => {
  const slugs = ['one', 'two']
  for (const slug of slugs) await givenCampaign(admin, { slug })
  const visits = await sendVisitors(app.url, { count: 300, slugs, atOnce: 8 })
  expect(visits.map(({ status }) => status)).toEqual(visits.map(() => 302))
  expect(new Set(visits.map(({ to }) => to))).toEqual(
    new Set(slugs.map((slug) => ` ${slug} → https://shop.example/0`)),
  )
  const stored = async () =>
    (
      await admin.query(
        `select count(*)::int as clicks, count(distinct country) > 1 as countries, count(distinct user_agent) > 1 as agents
        from clicks.clicks`,
      )
    ).rows[0]
  await expect.poll(stored, soon).toEqual({ clicks: 300, countries: true, agents: true })
})

it('the options of the command are checked', () => {
  expect(readClicksArguments([])).toEqual({
    count: 1000,
    slugs: ['demo-spring', 'demo-app', 'demo-tea'],
    atOnce: 16,
  })
  expect(() => readClicksArguments(['--count', '0'])).toThrow('--count must be a whole number above 0')
})
