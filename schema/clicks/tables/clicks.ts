import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  char,
  check,
  cidr,
  date,
  integer,
  jsonb,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, idOf, instant, listed } from '../../kit/columns.ts'
import { clickKinds, validities } from '../states.ts'
import { clicksSchema } from './row.ts'

/** The secret that makes visitors of one UTC day comparable. Its removal makes them unrecognizable. */
export const salts = clicksSchema.table('salts', {
  day: date('day').primaryKey(),
  salt: text('salt').notNull(),
  createdAt: createdAt(),
})

/** Networks from which people seldom browse. */
export const hostingNetworks = clicksSchema.table(
  'hosting_networks',
  {
    asn: integer('asn').primaryKey(),
    name: text('name').notNull(),
  },
  // People come from these too: through Safari's private relay.
  () => [check('hosting_networks_no_relay', sql`asn not in (13335, 36183, 54113)`)],
)

/** `id` is a UUIDv7, so times are ranges of ids. The address itself is never stored. */
export const clicks = clicksSchema.table(
  'clicks',
  {
    id: uuid('id').primaryKey(),
    campaignId: idOf('campaign_id').notNull(),
    kind: text('kind', { enum: clickKinds }).notNull().default('click'),
    configVersion: integer('config_version').notNull(),
    landingPageId: idOf('landing_page_id'),
    campaignOfferId: idOf('campaign_offer_id'),
    trafficSourceId: idOf('traffic_source_id'),
    // The visitor key: a keyed hash of address and agent, under a salt that is deleted.
    ipHash: text('ip_hash'),
    ipPrefix: cidr('ip_prefix'),
    userAgent: text('user_agent'),
    referrer: text('referrer'),
    sub1: text('sub1'),
    sub2: text('sub2'),
    sub3: text('sub3'),
    sub4: text('sub4'),
    sub5: text('sub5'),
    clickIdParam: text('click_id_param'),
    affiliateSub: text('affiliate_sub'),
    affiliateSub2: text('affiliate_sub2'),
    country: char('country', { length: 2 }),
    asn: bigint('asn', { mode: 'number' }),
    device: text('device'),
    os: text('os'),
    browser: text('browser'),
    // Of the request, as far as the targets of the campaign ask for it: languages and query parameters.
    asked: jsonb('asked').$type<{ languages?: string[]; query?: Record<string, string> }>(),
    isBot: boolean('is_bot').notNull(),
    bot: text('bot'),
    hosting: text('hosting'),
    // Null without a visitor key.
    isUnique: boolean('is_unique'),
    isValid: boolean('is_valid').notNull(),
    validity: text('validity', { enum: validities }).notNull(),
    ruleSetId: idOf('rule_set_id'),
    reasons: text('reasons').array().notNull().default(sql`'{}'`),
    facts: jsonb('facts').$type<Record<string, unknown>>().notNull(),
    conversionType: text('conversion_type'),
    convertedAt: instant('converted_at'),
    erasedAt: instant('erased_at'),
    createdAt: instant('created_at').generatedAlwaysAs(sql`uuid_extract_timestamp(id)`),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    check('clicks_kind_known', sql`${t.kind} in (${listed(clickKinds)})`),
    check('clicks_validity_known', sql`${t.validity} in (${listed(validities)})`),
    check('clicks_valid_as_judged', sql`is_valid = (validity = 'valid')`),
    check('clicks_erased_wholly', sql`erased_at is null or ip_hash is null and ip_prefix is null`),
  ],
)

/** Further actions of a visitor with a click, such as `offer_click` on a landing page. */
export const events = clicksSchema.table(
  'events',
  {
    id: uuid('id').primaryKey(),
    clickId: uuid('click_id').notNull(),
    eventType: text('event_type').notNull(),
    eventData: jsonb('event_data').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
  },
  () => [check('events_type_shape', sql`event_type ~ '^[a-z][a-z0-9_]{0,63}$'`)],
)

/** Events that came before their click. `due_at`: when their job looks for the click again. */
export const parkedEvents = clicksSchema.table('parked_events', {
  id: uuid('id').primaryKey(),
  clickId: uuid('click_id').notNull(),
  // Null: the Worker that followed the link named none, and the click decides.
  campaignId: idOf('campaign_id'),
  eventType: text('event_type').notNull(),
  eventData: jsonb('event_data').$type<Record<string, unknown>>().notNull(),
  dueAt: instant('due_at').notNull().default(sql`now() + interval '1 minute'`),
  createdAt: createdAt(),
})

/** The clicks of a visitor of one UTC day, which say whether the next one is unique. Kept for three days. */
export const visitors = clicksSchema.table(
  'visitors',
  {
    campaignId: idOf('campaign_id').notNull(),
    visitorKey: text('visitor_key').notNull(),
    day: date('day').notNull(),
    clicks: integer('clicks').notNull(),
    lastAt: instant('last_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.campaignId, t.visitorKey, t.day] })],
)

/** Receipts of erased visitors. The key is kept as a digest only. */
export const erasures = clicksSchema.table('erasures', {
  id: uuid('id').primaryKey().defaultRandom(),
  keyDigest: text('key_digest').notNull(),
  clicks: bigint('clicks', { mode: 'number' }).notNull(),
  requestedBy: text('requested_by').notNull(),
  createdAt: createdAt(),
})
