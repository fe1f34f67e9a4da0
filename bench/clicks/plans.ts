import pg from 'pg'
import { matchOrphans } from '../../functions/clicks/conversions/match-orphans.ts'
import type { Measurement } from '../measurement.ts'
import { median, mustBe } from '../method.ts'
import { fillClicks, type Planned, parkPostbacks, planOf, queriesOf, someClick } from './planned.ts'

const clicks = 1_000_000
/** The rules are few, so Postgres reads them whole. */
const small = ['rules', 'rule_sets']

/** The plans of lists, reports, the explanation of a click and the matching of postbacks, with a million clicks. */
export const plans: Measurement = async (rig, pace) => {
  const { ownerUrl } = await rig.database()
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  const measured = async (name: string, plan: () => Promise<Planned>): Promise<Planned> => {
    const all: Planned[] = []
    for (let round = 0; round < pace.rounds; round += 1) all.push(await plan())
    const ms = median(all.map((one) => one.ms))
    const pages = median(all.map((one) => one.pages))
    console.log(`  ${name.padEnd(28)} ${ms.toFixed(2)} ms  ${pages} pages`)
    console.log(JSON.stringify({ name: `clicks plan: ${name}`, ours: ms, pages, unit: 'ms' }))
    return all.at(-1) as Planned
  }
  try {
    await fillClicks(client, { clicks, inSteps: async (rows, fill) => void (await fill(1, rows)) })
    await client.query('vacuum clicks.clicks, clicks.conversions, clicks.postbacks_out')
    console.log(`\nclicks plans, ${clicks} clicks`)
    for (const { name, statement, index, pages: most } of queriesOf(await someClick(client))) {
      const { scannedWhole, indexes, pages } = await measured(name, () => planOf(client, statement))
      const whole = scannedWhole.filter((table) => !small.includes(table))
      mustBe(whole, [], `the tables that ${name} read whole`)
      const isRead = indexes.some((one) => index.test(one))
      mustBe(isRead, true, `whether ${name} read the index`)
      mustBe(pages < most, true, `whether ${pages} pages of ${name} are below ${most}`)
    }
    await parkPostbacks(client, 500)
    const { comparedInVain } = await measured('matching 500 postbacks', async () => {
      await client.query('begin')
      const plan = await planOf(client, matchOrphans())
      await client.query('rollback')
      return plan
    })
    mustBe(comparedInVain < 20_000, true, `whether ${comparedInVain} comparisons in vain are few`)
  } finally {
    await client.end()
  }
}
