import { expect, it } from 'vitest'
import { fillClicks, parkPostbacks, planOf, queriesOf, someClick } from '../../../bench/clicks/planned.ts'
import { claimPostbacks } from '../../../functions/clicks/conversions/claim-postbacks.ts'
import { matchOrphans } from '../../../functions/clicks/conversions/match-orphans.ts'
import { measureGivenUp } from '../../../functions/clicks/conversions/measure-given-up.ts'
import { receiveStatement } from '../../../functions/clicks/conversions/receive.ts'
import { statsStatement } from '../../../functions/clicks/stats/read.ts'
import { drawChoices } from '../../../functions/clicks/upkeep/check-choices.ts'
import { freshDatabase } from '../../support/database.ts'
import { inSteps } from '../../support/fill.ts'

const database = await freshDatabase()
const client = await database.connect()
// `npm run bench clicks plans` asks the same of a million clicks.
await fillClicks(client, { clicks: 50_000, inSteps })
const click = await someClick(client)
/** Tables of few rows, which Postgres reads whole. */
const small = ['rules', 'rule_sets']

it.each(queriesOf(click))('$name: its index is read, and few pages suffice', async (query) => {
  const plan = await planOf(client, query.statement)
  expect(plan.scannedWhole.filter((name) => !small.includes(name))).toEqual([])
  expect(plan.indexes).toEqual(expect.arrayContaining([expect.stringMatching(query.index)]))
  expect(plan.pages).toBeLessThan(query.pages)
})

const month = { tz: 'Europe/Berlin', basis: 'click' } as const
it.each([
  ['a report of days', { ...month, groupBy: 'day' as const }],
  ['a report of countries', { ...month, groupBy: 'country' as const }],
])('%s reads the roll-up and no click', async (_what, query) => {
  const { relations } = await planOf(client, statsStatement(7, query))
  expect(relations.filter((name) => /^clicks(_|$)|conversions|events/.test(name))).toEqual([])
})

const report = {
  clickId: click,
  type: 'sale',
  txid: 'new',
  status: 'approved',
  payoutMinor: 5,
  currency: 'USD',
  amount: null,
  data: {},
} as const

it('the explanation of a click and a postback touch one partition', async () => {
  const explained = queriesOf(click).filter(({ name }) => name === 'the explanation of a click')
  const postback = receiveStatement({ sourceId: 1, address: null, report })
  await client.query('begin')
  try {
    for (const statement of [...explained.map((one) => one.statement), postback]) {
      const plan = await planOf(client, statement)
      expect(new Set(plan.relations.filter((name) => name.startsWith('clicks_'))).size).toBe(1)
      expect(plan.scannedWhole.filter((name) => !small.includes(name))).toEqual([])
    }
  } finally {
    await client.query('rollback')
  }
})

it('the check of choices reads the configurations of the clicks that it draws, and no others', async () => {
  // Clicks of the coming days are among the newest, so many can be drawn.
  const plan = await planOf(client, drawChoices())
  expect(plan.clicksRead).toBeGreaterThan(10_000)
  expect(plan.rowsBy.get('campaign_versions_campaign_id_version_pk')).toBeLessThanOrEqual(42)
})

it('a thousand parked postbacks find their clicks by the key, and no join compares each with each', async () => {
  await parkPostbacks(client, 500)
  await client.query('begin')
  try {
    const plan = await planOf(client, matchOrphans())
    expect(plan.scannedWhole.filter((name) => /^clicks_|conversions|campaign/.test(name))).toEqual([])
    expect(plan.comparedInVain).toBeLessThan(20_000)
    // 1 250 parked postbacks more wait for clicks that never came.
    expect(plan.clicksRead).toBeLessThan(5_000)
  } finally {
    await client.query('rollback')
  }
})

it('a round of postbacks reads fifty of each source from its index, however many wait behind them', async () => {
  await client.query('begin')
  try {
    // A long queue of one source, as many for later of another one, and one postback each of forty owners' sources.
    await client.query(`
      insert into clicks.postbacks_out (conversion_id, traffic_source_id, conversion_status, url, due_at, give_up_at)
      select id, case when nth <= 6000 then 1 when nth <= 12000 then 2 else 50 * (nth - 12000) end, 'pending',
        'https://net.example/', now() + case when nth between 6001 and 12000 then interval '1 hour' else interval '-1 hour' end,
        now() + interval '1 day'
      from (select id, row_number() over (order by id desc) as nth from clicks.conversions) v
      where nth <= 12040`)
    await client.query('analyze clicks.postbacks_out')
    const plan = await planOf(client, claimPostbacks())
    expect(plan.scannedWhole.filter((name) => name !== 'traffic_sources')).toEqual([])
    expect(plan.indexes).toContain('idx_postbacks_out_due')
    // The plan rounds the rows of two thousand loops.
    expect(plan.rowsBy.get('idx_postbacks_out_due')).toBeLessThan(2 * (50 + 40))
    // Two pages of the index for each source, and the round itself.
    expect(plan.pages).toBeLessThan(2_000 * 2 + 4_000)
  } finally {
    await client.query('rollback')
  }
})

it('the alert about postbacks that were given up reads those of a day, and not those of thirty', async () => {
  await client.query('begin')
  try {
    await client.query(`
      update clicks.postbacks_out set created_at = now() - interval '9 days'
      where id <= (select max(id) - 300 from clicks.postbacks_out)`)
    await client.query('analyze clicks.postbacks_out')
    const plan = await planOf(client, measureGivenUp())
    expect(plan.scannedWhole).toEqual([])
    // The newest 300, and the one before them.
    expect(plan.rowsBy.get('postbacks_out_pkey')).toBe(301)
  } finally {
    await client.query('rollback')
  }
})
