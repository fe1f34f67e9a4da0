import { PgDialect } from 'drizzle-orm/pg-core'
import { statsStatement } from '../../functions/clicks/stats/read.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { givenCampaign } from './given.ts'

const days = 30
const dialect = new PgDialect()

/** Statistics of thirty days, of ten million clicks and of a hundred thousand: both read the roll-up only. */
export const stats: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const [client] = await connect(1)
  if (client === undefined) throw new Error('No connection')
  const [large, small] = [await givenCampaign(owner, 'large'), await givenCampaign(owner, 'small')]
  for (const [campaign, clicks] of [
    [large, 10_000_000],
    [small, 100_000],
  ] as const)
    await owner.query(
      `insert into clicks.campaign_stats (campaign_id, quarter, campaign_offer_id, currency, clicks, uniques, valid)
      select $1, date_bin('15 minutes', now(), timestamptz '2000-01-01 00:00:00+00') - at * interval '15 minutes', offer,
        'USD', $2::bigint / $3 / 3, 1, 1
      from generate_series(1, $3) at, generate_series(1, 3) offer`,
      [campaign, clicks, days * 96],
    )
  await owner.query('vacuum analyze clicks.campaign_stats')
  const contender = (name: string, campaign: number): Contender => {
    const query = { tz: 'Europe/Berlin', basis: 'click', groupBy: 'day' } as const
    const { sql: text, params } = dialect.sqlToQuery(statsStatement(campaign, query))
    return {
      name,
      turn: () =>
        closedLoop({
          clients: 1,
          seconds: pace.seconds,
          operation: async () => {
            const { rows } = await client.query(text, params)
            mustBe(rows[0].data.length >= days, true, 'whether each day has a row')
            return 1
          },
        }),
      verify: async () => undefined,
    }
  }
  await compare(
    {
      name: 'clicks statistics of 30 days, 10 000 000 clicks beside 100 000',
      unit: 'ms',
      database: owner,
      value: ({ operations, seconds }) => (1_000 * seconds) / operations,
      ours: contender('10 000 000 clicks', large),
      baseline: contender('100 000 clicks', small),
    },
    pace,
  )
}
