import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { ClickItem } from '../../functions/clicks/clicks/item.ts'
import { storeClicks } from '../../functions/clicks/clicks/store.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { clicksOf, givenCampaign } from './given.ts'

const size = 1_000
const dialect = new PgDialect()

/** Clicks that are looked up, decided, stored and counted in batches, beside a bare copy of the same rows. */
export const batch: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const campaign = await givenCampaign(owner, 'bench')
  const [client] = await connect(1)
  if (client === undefined) throw new Error('No connection')
  await owner.query('create table public.bare (like clicks.clicks including all)')
  await owner.query('grant all on public.bare to lockstep_app')

  const contender = (
    name: string,
    table: string,
    run: (items: ClickItem[]) => Promise<unknown>,
    each = size,
  ): Contender => ({
    name,
    prepare: async () => {
      await owner.query(
        `truncate clicks.clicks, clicks.visitors, clicks.campaign_stats, clicks.unfolded, public.bare`,
      )
    },
    turn: () =>
      closedLoop({
        clients: 1,
        seconds: pace.seconds,
        operation: async () => {
          await run(clicksOf(campaign, each))
          return each
        },
      }),
    async verify({ operations }) {
      const { rows } = await owner.query(`select count(*)::int as n from ${table}`)
      mustBe(rows[0].n, operations, `the rows of ${name}`)
    },
  })
  await compare(
    {
      name: 'clicks stored in batches of 1 000, beside copy',
      unit: 'clicks/s',
      database: owner,
      ours: contender('decided and counted', 'clicks.clicks', (items) => store(client, items)),
      baseline: contender('copy of bare rows', 'public.bare', (items) => copy(client, items)),
      others: [
        contender('decided and counted one by one', 'clicks.clicks', (items) => store(client, items), 1),
      ],
    },
    pace,
  )
}

async function store(client: pg.Client, items: readonly ClickItem[]): Promise<void> {
  const { sql: text, params } = dialect.sqlToQuery(sql`
with arrived as materialized (
  select ${crypto.randomUUID()}::uuid as source, 1 as n, now() as at, ${JSON.stringify(items)}::jsonb as items
),
${storeClicks()}
select stored from outcome`)
  await client.query(text, params)
}

const columns = `id, campaign_id, kind, config_version, campaign_offer_id, ip_hash, ip_prefix, user_agent, referrer, sub1, country,
  asn, device, os, browser, is_bot, is_unique, is_valid, validity, rule_set_id, facts`

async function copy(client: pg.Client, items: readonly ClickItem[]): Promise<void> {
  const lines = items.map((one) =>
    [
      one.id,
      one.campaign,
      one.kind,
      one.version,
      one.offer,
      one.key,
      one.prefix,
      one.agent,
      one.referrer,
      one.sub1,
      one.country,
      one.asn,
      one.device,
      one.os,
      one.browser,
      'f',
      't',
      't',
      'valid',
      1,
      '{"os": "Android", "asn": 3320, "bot": false, "device": "mobile", "browser": "Chrome", "country": "DE", "hosting": false}',
    ].join('\t'),
  )
  await pipeline(
    Readable.from([`${lines.join('\n')}\n`]),
    client.query(copyFrom(`copy public.bare (${columns}) from stdin`)),
  )
}
