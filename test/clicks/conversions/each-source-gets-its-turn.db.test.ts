import { beforeEach, describe, expect, it } from 'vitest'
import { claimPostbacks } from '../../../functions/clicks/conversions/claim-postbacks.ts'
import { reportTry } from '../../../functions/clicks/conversions/report-try.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { givenCampaign } from '../support/given.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const campaign = await givenCampaign(admin)

beforeEach(async () => {
  await admin.query('truncate clicks.postbacks_out, clicks.conversions cascade')
})

let sources = 0

type Due = { count: number; secondsAgo: number; owner?: string }

/** A source with so many postbacks, each due so many seconds ago. */
async function givenDue({ count, secondsAgo, owner = 'admin' }: Due): Promise<number[]> {
  sources += 1
  const { rows } = await admin.query(
    `with source as (
      insert into clicks.traffic_sources (owner, slug, name, secret)
      values ($5, 'net-' || $1::int, 'Net', 'none')
      returning id
    ),
    converted as (
      insert into clicks.conversions (click_id, campaign_id, type, status, payout_minor, currency)
      select gen_random_uuid(), $2, 'sale', 'approved', 100, 'USD' from generate_series(1, $3::int)
      returning id
    )
    insert into clicks.postbacks_out (
      conversion_id, traffic_source_id, conversion_status, url, due_at, give_up_at
    )
    select converted.id, source.id, 'approved', 'https://net.example/', now() - make_interval(secs => $4),
      now() + interval '1 day'
    from converted, source
    returning id`,
    [sources, campaign.id, count, secondsAgo, owner],
  )
  return rows.map(({ id }) => Number(id))
}

async function round(): Promise<{ ended: number; claimed: number[] }> {
  type Round = { ended: number; claimed: { id: string }[] }
  const [{ ended, claimed } = { ended: 0, claimed: [] }] = await environment
    .ctx()
    .db.query<Round>(claimPostbacks())
  return { ended, claimed: claimed.map(({ id }) => Number(id)) }
}
const claim = async () => (await round()).claimed

it('a postback that arrived is delivered, although it was given up before its report', async () => {
  const [id = 0] = await givenDue({ count: 1, secondsAgo: 1 })
  expect(await claim()).toEqual([id])
  await admin.query('update clicks.postbacks_out set due_at = now(), give_up_at = now()')
  expect(await round()).toMatchObject({ ended: 1 })
  const { db } = environment.ctx()
  const refused = { outcome: 'refused', status: 500 } as const
  await db.query(reportTry({ id: String(id), tries: 1 }, refused, { state: 'waiting', afterMs: 1 }))
  const states = async () =>
    (await admin.query('select state, outcome from clicks.postbacks_out')).rows.map((row) =>
      Object.values(row),
    )
  expect(await states()).toEqual([['dead', 'given up']])
  const delivered = { outcome: 'delivered', status: 200 } as const
  await db.query(reportTry({ id: String(id), tries: 1 }, delivered, { state: 'delivered' }))
  await db.query(reportTry({ id: String(id), tries: 1 }, refused, { state: 'dead' }))
  expect(await states()).toEqual([['delivered', 'delivered']])
})

describe('a round of postbacks to sources', () => {
  it('takes those of a source behind six hundred older ones of another source', async () => {
    const slow = await givenDue({ count: 600, secondsAgo: 3_600 })
    const quick = await givenDue({ count: 2, secondsAgo: 1 })
    const claimed = await claim()
    expect(claimed.filter((id) => quick.includes(id))).toEqual(quick)
    expect(claimed.filter((id) => slow.includes(id))).toHaveLength(6)
  })

  it('takes one of each source before the second of any, so that ten slow sources fill no round', async () => {
    for (let at = 0; at < 10; at += 1) await givenDue({ count: 10, secondsAgo: 3_600 })
    const [quick] = await givenDue({ count: 1, secondsAgo: 1 })
    const claimed = await claim()
    expect(claimed).toHaveLength(30)
    expect(claimed).toContain(quick)
  })

  it('takes one of each owner before the second of any, so that forty slow sources of one fill no round', async () => {
    for (let at = 0; at < 40; at += 1) await givenDue({ count: 2, secondsAgo: 3_600 })
    const theirs = await givenDue({ count: 2, secondsAgo: 1, owner: 'partner:7' })
    const claimed = await claim()
    expect(claimed).toHaveLength(30)
    expect(claimed).toEqual(expect.arrayContaining(theirs))
  })

  it('says how many it ended, because those hide others of their source until the next round', async () => {
    await admin.query('truncate clicks.postbacks_out')
    const over = await givenDue({ count: 70, secondsAgo: 3_600 })
    await admin.query('update clicks.postbacks_out set give_up_at = now()')
    const [fresh] = await givenDue({ count: 1, secondsAgo: 1 })
    await admin.query(
      `update clicks.postbacks_out set traffic_source_id = (select traffic_source_id from clicks.postbacks_out where id = $1)`,
      [over[0]],
    )
    expect(await round()).toEqual({ ended: 50, claimed: [] })
    expect(await round()).toEqual({ ended: 20, claimed: [fresh] })
    expect(await round()).toEqual({ ended: 0, claimed: [] })
  })
})
