import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { readAgent } from '../../../functions/clicks/clicks/agent.ts'
import { botIn } from '../../../functions/clicks/clicks/bot.ts'
import { type ClickItem, clickItem } from '../../../functions/clicks/clicks/item.ts'
import { localTime } from '../../../functions/clicks/clicks/local-time.ts'
import { newId } from '../../../functions/clicks/clicks/new-id.ts'
import type { Visit } from '../../../functions/clicks/clicks/read-visit.ts'
import { storeClicks } from '../../../functions/clicks/clicks/store.ts'
import type { Config } from '../../../functions/clicks/contract.ts'
import { matchOrphans } from '../../../functions/clicks/conversions/match-orphans.ts'
import { choose } from '../../../functions/clicks/rules.ts'
import { encryptionFor } from '../../../functions/clicks/sources/encryption.ts'
import { makeSecret } from '../../../functions/clicks/sources/make-secret.ts'
import { encryptSecret } from '../../../functions/core/encrypt.ts'
import { developmentSecret } from '../../system/secret.ts'
import { agents, countries, referrers } from './visitors.ts'

const clicks = 20_000
const days = 14
const dayMs = 24 * 60 * 60 * 1_000
const batch = 1_000

/**
 * Three campaigns of two sources, and 20 000 clicks of two weeks. The choice, the consumer's statement and the matching of
 * postbacks are those of the Worker, so the demo data obeys every rule. Twelve postbacks wait for clicks that never came.
 */
export async function seedClicks(client: pg.Client, now = new Date()): Promise<void> {
  await client.query(readFileSync(join(import.meta.dirname, 'campaigns.sql'), 'utf8'))
  await encryptSecrets(client)
  const { rows } = await client.query<{ config: Config }>(
    'select clicks.config_of(id) as config from clicks.campaigns order by id',
  )
  const configs = rows.map(({ config }) => config)
  const random = randomFrom(20_261_127)
  const from = now.getTime() - days * dayMs
  const moments = Array.from({ length: clicks }, (_, at) => momentOf(from, (at + random()) / clicks, random))
  const items = moments.sort((a, b) => a - b).map((at) => clickOf(configs, new Date(at), random))
  await client.query('select core.make_partitions($1, $2::timestamptz[])', [
    'clicks.clicks',
    Array.from({ length: days + 1 }, (_, at) => new Date(from + at * dayMs).toISOString()),
  ])
  for (let at = 0; at < items.length; at += batch) await store(client, items.slice(at, at + batch))
  await convert(client)
}

/** Each source gets a secret that the Worker of this clone can decrypt; `rotate` shows a new one. */
async function encryptSecrets(client: pg.Client): Promise<void> {
  const settings = { POSTBACK_KEY: [], AUTH_SECRET: developmentSecret() }
  const { rows } = await client.query<{ id: string; owner: string; slug: string }>(
    'select id, owner, slug from clicks.traffic_sources',
  )
  for (const { id, ...source } of rows)
    await client.query('update clicks.traffic_sources set secret = $2 where id = $1', [
      id,
      await encryptSecret(makeSecret(), encryptionFor(settings, source)),
    ])
}

/** Fewer clicks at night: a share of the moments moves to the evening of their day. */
function momentOf(from: number, share: number, random: () => number): number {
  const at = from + share * days * dayMs
  const hour = new Date(at).getUTCHours()
  return hour < 6 && random() < 0.6 ? Math.min(at + 12 * 60 * 60 * 1_000, from + days * dayMs - 60_000) : at
}

function clickOf(configs: readonly Config[], at: Date, random: () => number): ClickItem {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() ** 1.5 * list.length)] as T
  const config = one(configs)
  const id = newId(at)
  const agent = random() < 0.01 ? '' : one(agents)
  const { device, os, browser } = readAgent(agent)
  const [country, asn] = one(countries)
  // Few visitors come twice on one day.
  const visitor = Math.floor(random() * 4_000)
  const key =
    random() < 0.06 ? null : `demo-${at.toISOString().slice(0, 10)}-${String(visitor).padStart(6, '0')}`
  const local = localTime(config.timezone, at)
  const asking = { country, device, os, languages: [country === 'DE' ? 'de' : 'en'], query: {}, local }
  const visit: Visit = {
    asking,
    key,
    prefix: `198.51.${visitor % 100}.0/24`,
    agent,
    bot: botIn(agent),
    browser,
    asn: random() < 0.04 ? 24940 : asn,
    referrer: one(referrers),
    isPreview: random() < 0.03,
  }
  const choice = choose(config, asking, key ?? id)
  const fits = choice.landingPage !== null || choice.offer !== null
  const links = { sub1: `banner-${1 + (visitor % 4)}`, sub2: one(['home', 'article', 'search', 'mail']) }
  return clickItem({ id, config, visit, links, choice: fits ? choice : null })
}

async function store(client: pg.Client, items: readonly ClickItem[]): Promise<void> {
  await run(
    client,
    sql`
with arrived as materialized (
  select ${randomUUID()}::uuid as source, 1 as n, now() as at, ${JSON.stringify(items)}::jsonb as items
),
${storeClicks()}
select stored from outcome`,
  )
}

/** Postbacks of the sources, as they would have been parked, and then matched. */
async function convert(client: pg.Client): Promise<void> {
  await client.query(readFileSync(join(import.meta.dirname, 'postbacks.sql'), 'utf8'))
  // No autovacuum comes before this transaction ends, and without statistics each postback would read every click.
  await client.query('analyze clicks.clicks (id), clicks.orphan_postbacks (click_id)')
  for (;;) {
    const [row] = await run<{ outcome: { more: boolean } }>(client, matchOrphans())
    if (row?.outcome.more !== true) return
  }
}

const dialect = new PgDialect()

async function run<Row extends object>(client: pg.Client, statement: SQL): Promise<Row[]> {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  return (await client.query<Row>(text, params)).rows
}

/** The same numbers for the same seed: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
