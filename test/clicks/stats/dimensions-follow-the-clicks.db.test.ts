import { beforeEach, describe, expect, it } from 'vitest'
import { planOf } from '../../../bench/clicks/planned.ts'
import { clicksQueue } from '../../../functions/clicks/queue.ts'
import { foldDimensions } from '../../../functions/clicks/stats/fold-dimensions.ts'
import { type ReadStats, statsStatement } from '../../../functions/clicks/stats/read.ts'
import { consume } from '../../../functions/core/consume.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { delivered } from '../../core/probe/isolate.ts'
import { givenCampaign } from '../support/given.ts'
import { clickAt, messagesOf } from '../support/items.ts'
import { wrongDimensions } from '../support/recount.ts'

const environment = await freshEnvironment()
const { admin } = environment.database

beforeEach(() =>
  admin.query(
    'truncate clicks.clicks, clicks.campaign_stats, clicks.campaign_dimensions, clicks.unfolded, clicks.folds',
  ),
)

async function store(items: readonly unknown[]): Promise<void> {
  const messages = messagesOf(items, { size: 100 }).map((body) => delivered(body))
  expect(new Set(await consume(environment.ctx(), clicksQueue, messages))).toEqual(new Set(['done']))
}

async function fold(): Promise<{ rows: number; more: boolean }> {
  const [row] = await environment
    .ctx()
    .db.query<{ outcome: { rows: number; more: boolean } }>(foldDimensions())
  return row?.outcome ?? { rows: 0, more: false }
}

const countries = ['DE', 'FR', null]
const some = (campaign: number, count: number, from = Date.now()) =>
  Array.from({ length: count }, (_, at) =>
    clickAt(new Date(from - at * 60_000), campaign, {
      country: countries[at % 3] ?? null,
      sub1: `s${at % 5}`,
      bot: at % 4 === 0 ? 'Googlebot' : null,
      ...(at % 6 === 0 && { kind: 'preview' as const }),
    }),
  )

describe('the dimensions of a campaign', () => {
  it('equal a count of its clicks once they are folded, also of clicks that come late', async () => {
    const { id } = await givenCampaign(admin)
    await store(some(id, 90))
    expect(await fold()).toMatchObject({ rows: expect.any(Number), more: false })
    expect(await wrongDimensions(admin)).toEqual([])
    await store(some(id, 60, Date.now() - 30 * 60_000))
    expect(await wrongDimensions(admin)).not.toEqual([])
    await fold()
    expect(await wrongDimensions(admin)).toEqual([])
    expect(await fold()).toEqual({ rows: 0, more: false, outcome: 'skipped' })
  })

  it('are written only where their numbers changed', async () => {
    const { id } = await givenCampaign(admin)
    // Minute 14 of a quarter of the last hour, so that the nine minutes before are in it as well.
    const quarterMs = 15 * 60_000
    const from = (Math.floor(Date.now() / quarterMs) - 3) * quarterMs + 14 * 60_000
    await store(some(id, 10, from))
    await fold()
    const versions = async () => {
      const { rows } = await admin.query<{ v: string }>(
        `select xmin || ' ' || dimension || ' ' || value as v from clicks.campaign_dimensions`,
      )
      return rows.map(({ v }) => v)
    }
    const before = new Set(await versions())
    await store([clickAt(new Date(from), id, { country: 'AT', sub1: 's0' })])
    await fold()
    const after = await versions()
    // The new click has one value of each of ten dimensions. Four values of sub1 and three of the country are as they were.
    expect(after.filter((version) => !before.has(version))).toHaveLength(10)
    expect(after.filter((version) => before.has(version))).toHaveLength(7)
    expect(await wrongDimensions(admin)).toEqual([])
  })

  it('keep the changes of a batch that is stored while they are folded', async () => {
    const { id } = await givenCampaign(admin)
    await store(some(id, 30))
    // The batch has its snapshot and its rows, and commits after the fold.
    const late = await environment.database.connect()
    await late.query('begin')
    const at = new Date()
    const click = clickAt(at, id)
    await late.query(
      `insert into clicks.clicks (id, campaign_id, config_version, is_bot, is_valid, validity, facts, country)
      values ($1, $2, 2, false, true, 'valid', '{}', 'AT')`,
      [click.id, id],
    )
    await late.query(
      `insert into clicks.unfolded (campaign_id, quarter)
      select $1, date_bin('15 minutes', $2::timestamptz, timestamptz '2000-01-01 00:00:00+00')`,
      [id, at],
    )
    await fold()
    await late.query('commit')
    expect(await wrongDimensions(admin)).not.toEqual([])
    expect(await fold()).toMatchObject({ rows: 1 })
    expect(await wrongDimensions(admin)).toEqual([])
  })

  it('lose a change when its mark is shared with an earlier one, so each change needs a mark of its own', async () => {
    const { id } = await givenCampaign(admin)
    await store(some(id, 3))
    const late = await environment.database.connect()
    await late.query('begin')
    await late.query(
      `insert into clicks.clicks (id, campaign_id, config_version, is_bot, is_valid, validity, facts, country)
      values ($1, $2, 2, false, true, 'valid', '{}', 'AT')`,
      [some(id, 1)[0]?.id, id],
    )
    // Broken: the mark of the first batch exists, so the second adds none.
    await fold()
    await late.query('commit')
    await fold()
    expect(await wrongDimensions(admin)).not.toEqual([])
  })

  it('have an asOf that stays behind while quarters wait', async () => {
    const { id } = await givenCampaign(admin)
    // Marks of quarters without clicks come first, so that those with clicks wait for the second portion.
    await admin.query(
      `insert into clicks.unfolded (campaign_id, quarter)
      select $1, timestamptz '2026-01-01 00:00:00+00' + at * interval '15 minutes'
      from generate_series(1, 250) at`,
      [id],
    )
    const day = Date.now() - 60 * 60_000
    for (let at = 0; at < 3; at += 1) await store(some(id, 100, day - at * 100 * 60_000))
    await admin.query(`update clicks.unfolded set since = now() - interval '1 hour'`)
    const behind = async () =>
      (await admin.query(`select now() - as_of > interval '30 minutes' as behind from clicks.folds`)).rows[0]
        .behind
    expect(await fold()).toMatchObject({ rows: 200, more: true })
    expect(await behind()).toBe(true)
    while ((await fold()).more) expect(await behind()).toBe(true)
    expect(await behind()).toBe(false)
    expect(await wrongDimensions(admin)).toEqual([])
  })

  it('are counted without comparing each click with each quarter of its campaign', async () => {
    const { id } = await givenCampaign(admin)
    const day = Date.now() - 60 * 60_000
    for (let at = 0; at < 10; at += 1) await store(some(id, 100, day - at * 100 * 60_000))
    const client = await environment.database.connect()
    await client.query('begin')
    const { clicksRead, comparedInVain } = await planOf(client, foldDimensions())
    await client.query('rollback')
    expect(clicksRead).toBe(1_000)
    expect(comparedInVain).toBeLessThan(1_000)
  })

  it('are reported with their two thousand largest values, and the others as one, so that sums are whole', async () => {
    const { id } = await givenCampaign(admin)
    await admin.query(
      `insert into clicks.campaign_dimensions (campaign_id, quarter, dimension, value, currency, clicks)
      select $1, date_bin('15 minutes', now() - interval '1 hour', '2000-01-01Z'), 'sub1', 'value-' || n, 'USD', 1 + (n > 100)::int
      from generate_series(1, 2100) n`,
      [id],
    )
    const report = statsStatement(id, { tz: 'UTC', basis: 'click', groupBy: 'sub1' })
    const [row] = await environment.ctx().db.query<ReadStats>(report)
    expect(row?.tooMany).toBe(false)
    expect(row?.data).toHaveLength(2_001)
    expect(row?.data).toContainEqual(expect.objectContaining({ sub1: '(other)', clicks: 100 }))
    expect(row?.data.reduce((sum, { clicks }) => sum + clicks, 0)).toBe(100 + 2_000 * 2)
  })

  it('keep a thousand values of a quarter, and the others as one', async () => {
    const { id } = await givenCampaign(admin)
    const now = Date.now()
    await store(
      Array.from({ length: 1_100 }, (_, at) =>
        clickAt(new Date(now), id, { sub1: `value-${Math.max(at, 50)}` }),
      ),
    )
    await fold()
    const { rows } = await admin.query(
      `select count(*)::int as kept, sum(clicks)::int as clicks, max(clicks) filter (where value = '(other)')::int as others,
        max(clicks)::int as most
      from clicks.campaign_dimensions where dimension = 'sub1'`,
    )
    expect(rows[0]).toEqual({ kept: 1_001, clicks: 1_100, others: 50, most: 51 })
  })
})
