import { beforeEach, describe, expect, it } from 'vitest'
import { mostCostMinor, mostPayoutMinor } from '../../../functions/clicks/contract.ts'
import { matchOrphan } from '../../../functions/clicks/conversions/match-orphan.ts'
import { matchOrphans } from '../../../functions/clicks/conversions/match-orphans.ts'
import { receivePostback } from '../../../functions/clicks/conversions/receive.ts'
import { statsStatement } from '../../../functions/clicks/stats/read.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { givenCampaign } from '../support/given.ts'
import { clickAt } from '../support/items.ts'
import { storeClicks } from '../support/store.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const ctx = () => environment.ctx({ principal: { role: 'admin', sub: '1', tenantId: null } })

const { rows: sources } = await admin.query(
  `insert into clicks.traffic_sources (owner, slug, name, secret) values ('admin', 'net', 'Net', 'none') returning id`,
)
const sourceId = Number(sources[0].id)

beforeEach(async () => {
  await admin.query('truncate clicks.orphan_postbacks, clicks.conversions cascade')
})

const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000)

/** Parks postbacks as they are kept while their click is unknown. */
async function parked(click: string, { count = 1, payout }: { count?: number; payout: string }) {
  const { rows } = await admin.query(
    `insert into clicks.orphan_postbacks (owner, traffic_source_id, click_id, type, txid, status, data)
    select 'admin', $1, $2, 'sale', 'T' || n, 'approved', jsonb_build_object('payout', $3::text)
    from generate_series(1, $4::int) n
    returning id`,
    [sourceId, click, payout, count],
  )
  return rows.map(({ id }) => Number(id))
}

type Matched = { matched: number; refused: number; expired: number; more: boolean }

async function match(): Promise<Matched> {
  const [row] = await ctx().db.query<{ outcome: Matched }>(matchOrphans())
  if (row === undefined) throw new Error('No outcome')
  return row.outcome
}

/** Above the limit in USD, and below it in JPY, which has no decimals. */
const unsafe = '999999999999'

describe('a payout above the limit in the currency of its campaign', () => {
  it('ends its parked postback as refused, and those behind five hundred of them are matched', async () => {
    const campaign = await givenCampaign(admin)
    const [first, second] = [clickAt(secondsAgo(900), campaign.id), clickAt(secondsAgo(600), campaign.id)]
    await storeClicks(ctx(), [first, second])
    await parked(first.id, { count: 500, payout: unsafe })
    await parked(second.id, { payout: '1.50' })
    expect(await match()).toMatchObject({ matched: 0, refused: 500, expired: 0, more: true })
    expect(await match()).toMatchObject({ matched: 1, refused: 0, more: true })
    expect(await match()).toMatchObject({ matched: 0, refused: 0, more: false })
    const left = await admin.query(`select from clicks.orphan_postbacks where state = 'open'`)
    expect(left.rowCount).toBe(0)
  })

  it('is refused with its field when its click is known, and when an owner matches it by hand', async () => {
    const click = clickAt(secondsAgo(600), (await givenCampaign(admin)).id)
    await storeClicks(ctx(), [click])
    const refused = {
      ok: false,
      reason: 'unprocessable',
      errors: [{ path: 'payout', message: `Must be at most ${mostPayoutMinor} minor units` }],
    }
    const said = { type: 'sale', txid: '', status: 'approved', payoutMinor: null, currency: null } as const
    const report = { ...said, clickId: click.id, amount: unsafe, data: { payout: unsafe } }
    expect(await receivePostback(ctx(), { sourceId, address: null, report })).toEqual(refused)
    const [id = 0] = await parked('00000000-0000-7000-8000-000000000000', { payout: unsafe })
    expect(await matchOrphan(ctx(), { id, clickId: click.id })).toEqual(refused)
  })

  it('is counted where the campaign has a currency without decimals', async () => {
    const click = clickAt(secondsAgo(600), (await givenCampaign(admin, { currency: 'JPY' })).id)
    await storeClicks(ctx(), [{ ...click, currency: 'JPY' }])
    await parked(click.id, { payout: unsafe })
    expect(await match()).toMatchObject({ matched: 1, refused: 0 })
  })
})

describe('a quarter hour', () => {
  it('adds up eleven hundred clicks and conversions at the highest cost and payout exactly', async () => {
    const campaign = await givenCampaign(admin, { cost: { model: 'revshare', percent: 100 } })
    const at = secondsAgo(600)
    const clicks = Array.from({ length: 1_100 }, () => ({
      ...clickAt(at, campaign.id),
      costMilli: mostCostMinor * 1_000,
    }))
    await storeClicks(ctx(), clicks)
    await admin.query(
      `insert into clicks.orphan_postbacks (
        owner, traffic_source_id, click_id, type, status, payout_minor, currency
      )
      select 'admin', $1, id, 'sale', 'approved', $2, 'USD' from unnest($3::uuid[]) id`,
      [sourceId, mostPayoutMinor, clicks.map(({ id }) => id)],
    )
    while ((await match()).more);
    const query = { tz: 'UTC', basis: 'click' } as const
    const [report] = await ctx().db.query<{ data: object[] }>(statsStatement(campaign.id, query))
    expect(report?.data).toMatchObject([
      {
        clicks: 1_100,
        approved: 1_100,
        revenueMinor: 1_100 * mostPayoutMinor,
        costMinor: 1_100 * (mostCostMinor + mostPayoutMinor),
      },
    ])
  })
})
