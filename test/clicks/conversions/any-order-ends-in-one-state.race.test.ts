import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { matchOrphans } from '../../../functions/clicks/conversions/match-orphans.ts'
import type { Report } from '../../../functions/clicks/conversions/read-postback.ts'
import { receivePostback } from '../../../functions/clicks/conversions/receive.ts'
import { foldDimensions } from '../../../functions/clicks/stats/fold-dimensions.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { conversionStatuses } from '../../../schema/clicks/states.ts'
import { freshEnvironment, tally, times } from '../../core/environment.ts'
import { defectiveDb } from '../../support/defective-db.ts'
import { type Campaign, givenCampaign } from '../support/given.ts'
import { clickAt } from '../support/items.ts'
import { wrongMoney, wrongQuarters } from '../support/recount.ts'
import { wrongConversions } from '../support/recount-conversions.ts'
import { storeClicks } from '../support/store.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
const ctx = () => environment.ctx()

const { rows } = await admin.query(
  `insert into clicks.traffic_sources (owner, slug, name, secret) values ('admin', 'net', 'Net', 'none') returning id`,
)
const sourceId = Number(rows[0].id)

beforeEach(async () => {
  await admin.query(
    `truncate clicks.clicks, clicks.visitors, clicks.campaign_stats, clicks.campaign_dimensions, clicks.unfolded, clicks.conversions,
      clicks.conversion_events, clicks.orphan_postbacks, clicks.postbacks_out, core.outbox cascade`,
  )
})

const newClick = (campaign: Campaign, secondsAgo = 600) =>
  clickAt(new Date(Date.now() - secondsAgo * 1_000), campaign.id, { offer: campaign.offers[0] ?? null })

const store = (items: readonly unknown[]) => storeClicks(ctx(), items)

type Said = Partial<Pick<Report, 'status' | 'txid' | 'payoutMinor' | 'currency'>>

function report(by: Ctx, clickId: string, said: Said = {}) {
  const { status = 'approved', txid = '', payoutMinor = null } = said
  const currency = payoutMinor === null ? null : (said.currency ?? 'USD')
  const told = { clickId, type: 'sale', txid, status, payoutMinor, currency, amount: null, data: {} }
  return receivePostback(by, { sourceId, address: null, report: told })
}

async function match(by = ctx()): Promise<void> {
  for (;;) {
    const [row] = await by.db.query<{ outcome: { more: boolean } }>(matchOrphans())
    if (row?.outcome.more !== true) return
  }
}

async function conversionsOf(click: string) {
  const found = await admin.query<{ txid: string; status: string; payout: number }>(
    'select txid, status, payout_minor::int as payout from clicks.conversions where click_id = $1 order by txid',
    [click],
  )
  return found.rows
}

describe('a conversion', () => {
  it('is one when a hundred equal postbacks come at once', async () => {
    const click = newClick(await givenCampaign(admin))
    await store([click])
    const answers = await times(100, () => report(ctx(), click.id, { payoutMinor: 250 }))
    expect(tally(answers.map((one) => (one.ok ? one.answer.result : one.reason)))).toEqual({
      accepted: 1,
      duplicate: 99,
    })
    expect(await conversionsOf(click.id)).toEqual([{ txid: '', status: 'approved', payout: 250 }])
    const events = await admin.query('select count(*)::int as n from clicks.conversion_events')
    expect(events.rows).toEqual([{ n: 100 }])
    expect(await wrongConversions(admin)).toEqual([])
  })

  it('is one when its postback, its click and the matching of parked postbacks come at once', async () => {
    const campaign = await givenCampaign(admin)
    const clicks = Array.from({ length: 30 }, () => newClick(campaign))
    await Promise.all([
      ...clicks.map((click) => store([click])),
      ...clicks.map((click) => report(ctx(), click.id)),
      ...clicks.map((click) => report(ctx(), click.id, { status: 'reversed' })),
      ...Array.from({ length: 5 }, () => match()),
    ])
    await match()
    for (const { id } of clicks) expect(await conversionsOf(id)).toMatchObject([{ status: 'reversed' }])
    expect(await wrongConversions(admin)).toEqual([])
    expect(await wrongQuarters(admin)).toEqual([])
  })

  it('within two seconds of its click makes the click invalid, and a later one does not', async () => {
    const campaign = await givenCampaign(admin)
    // The first one lies ahead, so that it counts as just now however long the postback takes.
    const [instant, later] = [newClick(campaign, -60), newClick(campaign, 10)]
    await store([instant, later])
    for (const { id } of [instant, later]) await report(ctx(), id)
    const judged = await admin.query(
      'select validity, reasons from clicks.clicks where id = any($1) order by validity',
      [[instant.id, later.id]],
    )
    expect(judged.rows).toEqual([
      { validity: 'sophisticated', reasons: ['instantConversion'] },
      { validity: 'valid', reasons: [] },
    ])
    expect(await wrongQuarters(admin)).toEqual([])
  })
})

describe('the cost of a conversion', () => {
  const costs = async () => {
    const kept = await admin.query(
      `select currency, sum(conversion_cost_milli)::int as cost, sum(own_conversion_cost_milli)::int as own
      from clicks.campaign_stats group by 1 order by 1`,
    )
    return kept.rows
  }

  it('is that of the configuration that its click met, so an edit between two statuses leaves no remainder', async () => {
    const campaign = await givenCampaign(admin, { cost: { model: 'cpa', minor: 30 } })
    const click = newClick(campaign)
    await store([click])
    await report(ctx(), click.id)
    expect(await costs()).toEqual([{ currency: 'USD', cost: 30_000, own: 30_000 }])
    await admin.query('update clicks.campaigns set cost_minor = 50, version = version + 1 where id = $1', [
      campaign.id,
    ])
    const later = { ...newClick(campaign), version: 3 }
    await store([later])
    await report(ctx(), later.id)
    expect(await costs()).toEqual([{ currency: 'USD', cost: 80_000, own: 80_000 }])
    await report(ctx(), click.id, { status: 'reversed' })
    expect(await costs()).toEqual([{ currency: 'USD', cost: 50_000, own: 50_000 }])
    await report(ctx(), later.id, { status: 'reversed' })
    expect(await costs()).toEqual([{ currency: 'USD', cost: 0, own: 0 }])
  })

  it('is kept by the dimensions in the currency in which the quarters keep it', async () => {
    const perAction = await givenCampaign(admin, { cost: { model: 'cpa', minor: 30 }, currency: 'JPY' })
    const share = await givenCampaign(admin, { cost: { model: 'revshare', percent: 12.34 } })
    const clicks = [perAction, share].flatMap((campaign) => [newClick(campaign), newClick(campaign)])
    await store(clicks)
    for (const { id } of clicks) await report(ctx(), id, { payoutMinor: 777, currency: 'EUR' })
    await ctx().db.query(foldDimensions())
    const folded = await admin.query(
      `select campaign_id::int as campaign, currency, sum(conversion_cost_milli)::int as cost
      from clicks.campaign_dimensions where dimension = 'country' group by 1, 2 order by 1, 2`,
    )
    expect(folded.rows).toEqual([
      { campaign: perAction.id, currency: 'EUR', cost: 0 },
      { campaign: perAction.id, currency: 'JPY', cost: 60_000 },
      { campaign: share.id, currency: 'EUR', cost: 2 * Math.round(777 * 12.34 * 10) },
      { campaign: share.id, currency: 'USD', cost: 0 },
    ])
    expect(await wrongMoney(admin)).toEqual([])
    await admin.query(`update clicks.campaign_dimensions set currency = 'CHF' where currency = 'JPY'`)
    expect(await wrongMoney(admin)).not.toEqual([])
  })
})

/** The payout follows from the status, so that equal statuses agree. */
const payouts = { pending: 100, approved: 250, rejected: null, reversed: 75 } as const
const rank = (status: Report['status']) => conversionStatuses.indexOf(status)

const said = fc.record({ status: fc.constantFrom(...conversionStatuses), txid: fc.constantFrom('', 'T1') })
const history = fc.record({
  reports: fc.array(said, { minLength: 1, maxLength: 6 }),
  /** So many postbacks come before their click. */
  early: fc.nat({ max: 6 }),
})

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

async function replayed({ reports, early }: History, by: Ctx): Promise<void> {
  const click = newClick(await givenCampaign(admin, { payoutMinor: 150 }))
  const tell = (one: History['reports'][number]) =>
    report(by, click.id, { ...one, payoutMinor: payouts[one.status] })
  for (const one of reports.slice(0, early)) await tell(one)
  await store([click])
  for (const one of reports.slice(early)) await tell(one)
  await match(by)
  const expected = [...Map.groupBy(reports, ({ txid }) => txid)]
    .map(([txid, those]) => {
      const [status = 'pending'] = those.map((one) => one.status).toSorted((a, b) => rank(b) - rank(a))
      return { txid, status, payout: payouts[status] ?? 150 }
    })
    .toSorted((a, b) => (a.txid < b.txid ? -1 : 1))
  expect(await conversionsOf(click.id)).toEqual(expected)
  expect(await wrongConversions(admin)).toEqual([])
}

describe('any order of postbacks and parking', () => {
  it('ends in the state of the highest status, and the counters equal a count', async () => {
    const run = fc.asyncProperty(history, (one) => replayed(one, ctx()))
    await expect(fc.assert(run, { numRuns: 40 })).resolves.toBeUndefined()
  })

  it.each([
    [
      'the status is that of the last arrival',
      /array_position\([^)]*excluded\.status\) > array_position\([^)]*v\.status\)/g,
      (text: string) => `(${text}) is not null`,
    ],
    ['an update leaves the old status counted', /where result = 'updated'/g, () => `where result = 'never'`],
  ] as const)('is found out when %s', async (_what, pattern, replacement) => {
    const db = defectiveDb(environment.database, {
      max: 2,
      defect: (text) => text.replaceAll(pattern, replacement),
    })
    const broken = Object.assign(ctx(), { db })
    const run = fc.asyncProperty(history, (one) => replayed(one, broken))
    await expect(fc.assert(run, { numRuns: 60 })).rejects.toThrow(/Property failed/)
  })
})
