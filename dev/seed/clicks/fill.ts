import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SQL } from 'drizzle-orm'
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
import { runReplays } from '../../../functions/clicks/rules/run-replays.ts'
import { choose } from '../../../functions/clicks/rules.ts'
import { encryptionFor } from '../../../functions/clicks/sources/encryption.ts'
import { makeSecret } from '../../../functions/clicks/sources/make-secret.ts'
import { foldDimensions } from '../../../functions/clicks/stats/fold-dimensions.ts'
import { storing } from '../../../functions/core/consume.ts'
import { encryptSecret } from '../../../functions/core/encrypt.ts'
import type { Message } from '../../../functions/core/ingest-message.ts'
import { developmentSecret } from '../../system/secret.ts'
import type { Commit } from '../commit.ts'
import { randomFrom } from '../random.ts'
import { agents, countries, referrers } from './visitors.ts'

const clicks = 20_000
const days = 14
const dayMs = 24 * 60 * 60 * 1_000
/** As the queue delivers them: 20 messages of 50 clicks. */
const [batch, perMessage] = [1_000, 50]

/**
 * Three campaigns of two sources, and 20 000 clicks of two weeks. The choice, the consumer's statement and the matching of
 * postbacks are those of the Worker, so the demo data obeys every rule. Twelve postbacks wait for clicks that never came, and
 * a stricter set of rules was tried on the last week. A start that dies meanwhile leaves fewer clicks.
 */
export async function fill(client: pg.Client, commit: Commit): Promise<void> {
  const now = new Date()
  await client.query(readFileSync(join(import.meta.dirname, 'campaigns.sql'), 'utf8'))
  await encryptSecrets(client)
  const { rows } = await client.query<{ config: Config }>(
    'select clicks.config_of(id) as config from clicks.campaigns order by id',
  )
  const configs = rows.map(({ config }) => config)
  const random = randomFrom(20_261_127)
  const from = now.getTime() - days * dayMs
  const moments = Array.from({ length: clicks }, (_, at) => momentOf(from, (at + random()) / clicks, random))
  moments.sort((a, b) => a - b)
  await client.query('select core.make_partitions($1, $2::timestamptz[])', [
    'clicks.clicks',
    Array.from({ length: days + 1 }, (_, at) => new Date(from + at * dayMs).toISOString()),
  ])
  const source = randomUUID()
  for (let at = 0; at < clicks; at += batch) {
    await commit()
    const items = moments.slice(at, at + batch).map((moment) => clickOf(configs, new Date(moment), random))
    await store(client, messagesOf(source, items, at))
  }
  await commit()
  await convert(client, commit)
  await replay(client, commit)
  await untilDone(client, commit, foldDimensions)
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

const readOf = (agent: string) => ({ ...readAgent(agent), bot: botIn(agent) })
const read = new Map(['', ...agents].map((agent) => [agent, readOf(agent)]))

function clickOf(configs: readonly Config[], at: Date, random: () => number): ClickItem {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() ** 1.5 * list.length)] as T
  const config = one(configs)
  const id = newId(at)
  const agent = random() < 0.01 ? '' : one(agents)
  const { device, os, browser, bot } = read.get(agent) ?? readOf(agent)
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
    bot,
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

/** One isolate sent them all, each message when its last click was answered. */
function messagesOf(source: string, items: readonly ClickItem[], before: number): Message[] {
  return Array.from({ length: Math.ceil(items.length / perMessage) }, (_, nth) => {
    const own = items.slice(nth * perMessage, (nth + 1) * perMessage)
    const answered = before + nth * perMessage + own.length
    const at = timeOf(own.at(-1)?.id ?? '').toISOString()
    return { v: 1, source, n: before / perMessage + nth + 1, at, answered, items: own }
  })
}

/** The first 48 bits of a UUIDv7 are milliseconds. */
const timeOf = (id: string) => new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16))

async function store(client: pg.Client, messages: readonly Message[]): Promise<void> {
  await run(client, storing({ stream: 'clicks', verb: 'clicks.store' }, storeClicks(), messages))
}

/** Postbacks of the sources, as they would have been parked, and then matched. */
async function convert(client: pg.Client, commit: Commit): Promise<void> {
  await client.query(readFileSync(join(import.meta.dirname, 'postbacks.sql'), 'utf8'))
  // Autovacuum comes too late: without statistics each postback would read every click.
  await client.query('analyze clicks.clicks (id), clicks.orphan_postbacks (click_id)')
  await untilDone(client, commit, matchOrphans)
}

/** A draft that is stricter than the rules in force, and its replay over a week. */
async function replay(client: pg.Client, commit: Commit): Promise<void> {
  await client.query(readFileSync(join(import.meta.dirname, 'draft.sql'), 'utf8'))
  await untilDone(client, commit, runReplays)
}

/** Runs the statement of a job, a portion in each transaction, until nothing is left. */
async function untilDone(client: pg.Client, commit: Commit, statement: () => SQL): Promise<void> {
  for (;;) {
    const [row] = await run<{ outcome: { more: boolean } }>(client, statement())
    await commit()
    if (row?.outcome.more !== true) return
  }
}

const dialect = new PgDialect()

async function run<Row extends object>(client: pg.Client, statement: SQL): Promise<Row[]> {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  return (await client.query<Row>(text, params)).rows
}
