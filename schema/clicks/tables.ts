import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  char,
  check,
  cidr,
  date,
  integer,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed, version } from '../kit/columns.ts'
import {
  campaignStatuses,
  clickKinds,
  conversionResults,
  conversionStatuses,
  costModels,
  dimensions,
  orphanStates,
  partStatuses,
  postbackStates,
  referrerPolicies,
  replayKinds,
  replayStates,
  ruleClasses,
  ruleFacts,
  ruleOperators,
  ruleSetStates,
  validities,
} from './states.ts'

export const clicksSchema = pgSchema('clicks')

/** A network that sends visitors and reports conversions. */
export const trafficSources = clicksSchema.table(
  'traffic_sources',
  {
    id: id(),
    owner: text('owner').notNull(),
    slug: text('slug').notNull(),
    name: text('name').notNull(),
    status: text('status', { enum: partStatuses }).notNull().default('active'),
    // Encrypted (functions/core/encrypt.ts). A signature is checked with the secret itself; a digest is not enough.
    secret: text('secret').notNull(),
    oldSecret: text('old_secret'),
    oldSecretUntil: instant('old_secret_until'),
    // Column of a click → name of the query parameter.
    paramMap: jsonb('param_map').$type<Record<string, string>>().notNull().default({}),
    // Word of the network → status of a conversion.
    statusMap: jsonb('status_map').$type<Record<string, string>>().notNull().default({}),
    ipAllow: cidr('ip_allow').array().notNull().default(sql`'{}'`),
    postbackTemplate: text('postback_template'),
    version: version(),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    check('traffic_sources_owner_shape', ownerShape()),
    check('traffic_sources_slug_shape', slugShape()),
    check('traffic_sources_name_length', sql`char_length(name) between 1 and 200`),
    check('traffic_sources_status_known', sql`${t.status} in (${listed(partStatuses)})`),
    check('traffic_sources_old_secret_ends', sql`(old_secret is null) = (old_secret_until is null)`),
    check('traffic_sources_template_length', sql`char_length(postback_template) <= 2000`),
    check('traffic_sources_version_positive', sql`version >= 1`),
  ],
)

/** The redirect reads a campaign with its parts through a cache. Each change of a part raises `version` here. */
export const campaigns = clicksSchema.table(
  'campaigns',
  {
    id: id(),
    owner: text('owner').notNull(),
    slug: text('slug').notNull(),
    name: text('name').notNull(),
    status: text('status', { enum: campaignStatuses }).notNull().default('active'),
    startsAt: instant('starts_at'),
    endsAt: instant('ends_at'),
    timezone: text('timezone').notNull().default('UTC'),
    fallbackUrl: text('fallback_url'),
    currency: char('currency', { length: 3 }).notNull(),
    payoutMinor: bigint('payout_minor', { mode: 'number' }).notNull().default(0),
    costModel: text('cost_model', { enum: costModels }),
    // An amount for cpc, cpm and cpa; a percentage of the revenue for revshare.
    costMinor: bigint('cost_minor', { mode: 'number' }),
    costPercent: numeric('cost_percent', { precision: 5, scale: 2, mode: 'number' }),
    capDay: integer('cap_day'),
    capTotal: integer('cap_total'),
    referrerPolicy: text('referrer_policy', { enum: referrerPolicies })
      .notNull()
      .default('strict-origin-when-cross-origin'),
    passQuery: boolean('pass_query').notNull().default(false),
    durable: boolean('durable').notNull().default(false),
    trafficSourceId: idOf('traffic_source_id').references(() => trafficSources.id),
    version: version(),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    check('campaigns_owner_shape', ownerShape()),
    check('campaigns_slug_shape', slugShape()),
    check('campaigns_name_length', sql`char_length(name) between 1 and 200`),
    check('campaigns_status_known', sql`${t.status} in (${listed(campaignStatuses)})`),
    check('campaigns_ends_after_start', sql`ends_at > starts_at`),
    // An unknown zone raises here once, instead of at every later read.
    check(
      'campaigns_timezone_known',
      sql`(timestamptz '2000-01-01 00:00:00+00' at time zone timezone) is not null`,
    ),
    check('campaigns_fallback_shape', urlShape('fallback_url')),
    check('campaigns_currency_iso', sql`currency ~ '^[A-Z]{3}$'`),
    check('campaigns_payout_range', sql`payout_minor between 0 and 9007199254740991`),
    check('campaigns_cost_model_known', sql`${t.costModel} in (${listed(costModels)})`),
    check(
      'campaigns_cost_with_model',
      sql`(cost_minor is not null) = (cost_model is not null and cost_model <> 'revshare')
        and (cost_percent is not null) = (cost_model is not distinct from 'revshare')`,
    ),
    check(
      'campaigns_cost_range',
      sql`cost_minor between 0 and 9007199254740 and cost_percent between 0 and 100`,
    ),
    check('campaigns_caps_positive', sql`cap_day >= 1 and cap_total >= 1`),
    check('campaigns_referrer_policy_known', sql`${t.referrerPolicy} in (${listed(referrerPolicies)})`),
    check('campaigns_version_positive', sql`version >= 1`),
  ],
)

export const landingPages = clicksSchema.table(
  'landing_pages',
  partColumns(() => campaigns.id),
  () => partChecks('landing_pages'),
)

export const campaignOffers = clicksSchema.table(
  'campaign_offers',
  partColumns(() => campaigns.id),
  () => partChecks('campaign_offers'),
)

/** The configuration of each version, from which the choice of a click is recomputed. A trigger writes it. */
export const campaignVersions = clicksSchema.table(
  'campaign_versions',
  {
    campaignId: idOf('campaign_id')
      .notNull()
      .references(() => campaigns.id),
    version: integer('version').notNull(),
    config: jsonb('config').notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.campaignId, t.version] })],
)

/** Clicks against the caps. A row of its own, because the consumer changes it with each batch. */
export const campaignCounts = clicksSchema.table('campaign_counts', {
  campaignId: idOf('campaign_id')
    .primaryKey()
    .references(() => campaigns.id),
  total: bigint('total', { mode: 'number' }).notNull().default(0),
  // The day in the zone of the campaign, and its clicks.
  day: date('day').notNull(),
  today: bigint('today', { mode: 'number' }).notNull().default(0),
})

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

/** `status` only ever rises (states.ts), so the order in which postbacks arrive does not matter. */
export const conversions = clicksSchema.table(
  'conversions',
  {
    id: id(),
    clickId: uuid('click_id').notNull(),
    campaignId: idOf('campaign_id')
      .notNull()
      .references(() => campaigns.id),
    landingPageId: idOf('landing_page_id'),
    campaignOfferId: idOf('campaign_offer_id'),
    trafficSourceId: idOf('traffic_source_id'),
    type: text('type').notNull(),
    // Empty when the network sent none.
    txid: text('txid').notNull().default(''),
    status: text('status', { enum: conversionStatuses }).notNull(),
    payoutMinor: bigint('payout_minor', { mode: 'number' }).notNull(),
    currency: char('currency', { length: 3 }).notNull(),
    secondsToConvert: bigint('seconds_to_convert', { mode: 'number' }),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    unique('conversions_once').on(t.clickId, t.type, t.txid),
    check('conversions_type_shape', sql`type ~ '^[A-Za-z0-9_.-]{1,64}$'`),
    check('conversions_txid_length', sql`char_length(txid) <= 200`),
    check('conversions_status_known', sql`${t.status} in (${listed(conversionStatuses)})`),
    check('conversions_currency_iso', sql`currency ~ '^[A-Z]{3}$'`),
    check('conversions_payout_range', sql`payout_minor between 0 and 9007199254740991`),
  ],
)

/** Append-only: each postback that was about a known click, also a duplicate. */
export const conversionEvents = clicksSchema.table(
  'conversion_events',
  {
    id: id(),
    conversionId: idOf('conversion_id')
      .notNull()
      .references(() => conversions.id),
    result: text('result', { enum: conversionResults }).notNull(),
    fromStatus: text('from_status', { enum: conversionStatuses }),
    toStatus: text('to_status', { enum: conversionStatuses }).notNull(),
    revenueDeltaMinor: bigint('revenue_delta_minor', { mode: 'number' }).notNull().default(0),
    trafficSourceId: idOf('traffic_source_id'),
    // As the network sent it, without its secret and signature.
    data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
    receivedAt: instant('received_at').notNull().defaultNow(),
  },
  (t) => [
    check('conversion_events_result_known', sql`${t.result} in (${listed(conversionResults)})`),
    check('conversion_events_to_known', sql`${t.toStatus} in (${listed(conversionStatuses)})`),
  ],
)

/** Postbacks whose click has not arrived, or belongs to another owner. */
export const orphanPostbacks = clicksSchema.table(
  'orphan_postbacks',
  {
    id: id(),
    owner: text('owner').notNull(),
    trafficSourceId: idOf('traffic_source_id')
      .notNull()
      .references(() => trafficSources.id),
    clickId: uuid('click_id').notNull(),
    type: text('type').notNull(),
    txid: text('txid').notNull().default(''),
    status: text('status', { enum: conversionStatuses }).notNull(),
    // Null: the payout of the campaign.
    payoutMinor: bigint('payout_minor', { mode: 'number' }),
    currency: char('currency', { length: 3 }),
    data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
    state: text('state', { enum: orphanStates }).notNull().default('open'),
    receivedAt: instant('received_at').notNull().defaultNow(),
    decidedAt: instant('decided_at'),
    matchedClickId: uuid('matched_click_id'),
  },
  (t) => [
    check('orphan_postbacks_owner_shape', ownerShape()),
    check('orphan_postbacks_status_known', sql`${t.status} in (${listed(conversionStatuses)})`),
    check('orphan_postbacks_state_known', sql`${t.state} in (${listed(orphanStates)})`),
    check('orphan_postbacks_decided', sql`(state = 'open') = (decided_at is null)`),
  ],
)

/** Reports of conversions to the traffic source that sent the visitor. */
export const postbacksOut = clicksSchema.table(
  'postbacks_out',
  {
    id: id(),
    conversionId: idOf('conversion_id')
      .notNull()
      .references(() => conversions.id),
    trafficSourceId: idOf('traffic_source_id')
      .notNull()
      .references(() => trafficSources.id),
    conversionStatus: text('conversion_status', { enum: conversionStatuses }).notNull(),
    url: text('url').notNull(),
    state: text('state', { enum: postbackStates }).notNull().default('waiting'),
    tries: integer('tries').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    giveUpAt: instant('give_up_at').notNull(),
    outcome: text('outcome'),
    httpStatus: integer('http_status'),
    createdAt: createdAt(),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    unique('postbacks_out_once').on(t.conversionId, t.conversionStatus),
    check('postbacks_out_state_known', sql`${t.state} in (${listed(postbackStates)})`),
    check('postbacks_out_finished', sql`(state = 'waiting') = (finished_at is null)`),
    check('postbacks_out_tries_range', sql`tries between 0 and 5`),
  ],
)

/**
 * The incremental roll-up. A quarter of an hour, because the day of each time zone consists of whole quarters. 0 stands
 * for no landing page, offer or source. Clicks count under the currency of their campaign, conversions under their own.
 */
export const campaignStats = clicksSchema.table(
  'campaign_stats',
  {
    campaignId: idOf('campaign_id').notNull(),
    quarter: instant('quarter').notNull(),
    landingPageId: idOf('landing_page_id').notNull().default(0),
    campaignOfferId: idOf('campaign_offer_id').notNull().default(0),
    trafficSourceId: idOf('traffic_source_id').notNull().default(0),
    currency: char('currency', { length: 3 }).notNull(),
    ...clickCounts(),
    fallbacks: count('fallbacks'),
    ...conversionCounts(''),
    // The same conversions in the quarters in which they came, and not in those of their clicks.
    ...conversionCounts('own_'),
  },
  (t) => [
    primaryKey({
      columns: [t.campaignId, t.quarter, t.landingPageId, t.campaignOfferId, t.trafficSourceId, t.currency],
    }),
  ],
)

/** Folded after the fact, so an answer from here has an `asOf`. Beyond 1 000 values of a quarter: `(other)`. */
export const campaignDimensions = clicksSchema.table(
  'campaign_dimensions',
  {
    campaignId: idOf('campaign_id').notNull(),
    quarter: instant('quarter').notNull(),
    dimension: text('dimension', { enum: dimensions }).notNull(),
    value: text('value').notNull(),
    currency: char('currency', { length: 3 }).notNull(),
    ...clickCounts(),
    fallbacks: count('fallbacks'),
    ...conversionCounts(''),
  },
  (t) => [
    primaryKey({ columns: [t.campaignId, t.quarter, t.dimension, t.value, t.currency] }),
    check('campaign_dimensions_known', sql`${t.dimension} in (${listed(dimensions)})`),
  ],
)

/**
 * Quarters whose dimensions lack a change. Each change adds a row of its own: a shared row would have to be locked, or
 * the fold that removes it would lose a change that it cannot see yet.
 */
export const unfolded = clicksSchema.table('unfolded', {
  id: id(),
  campaignId: idOf('campaign_id').notNull(),
  quarter: instant('quarter').notNull(),
  since: instant('since').notNull().defaultNow(),
})

/** How far a fold has come. */
export const folds = clicksSchema.table('folds', {
  name: text('name').primaryKey(),
  asOf: instant('as_of').notNull(),
})

export const ruleSets = clicksSchema.table(
  'rule_sets',
  {
    id: id(),
    name: text('name').notNull(),
    state: text('state', { enum: ruleSetStates }).notNull().default('draft'),
    version: version(),
    createdAt: createdAt(),
    activatedAt: instant('activated_at'),
  },
  (t) => [
    check('rule_sets_name_length', sql`char_length(name) between 1 and 200`),
    check('rule_sets_state_known', sql`${t.state} in (${listed(ruleSetStates)})`),
    check('rule_sets_activated', sql`state = 'draft' or activated_at is not null`),
  ],
)

export const rules = clicksSchema.table(
  'rules',
  {
    ruleSetId: idOf('rule_set_id')
      .notNull()
      .references(() => ruleSets.id),
    name: text('name').notNull(),
    fact: text('fact', { enum: ruleFacts }).notNull(),
    op: text('op', { enum: ruleOperators }).notNull(),
    value: jsonb('value').notNull(),
    weight: integer('weight').notNull(),
    class: text('class', { enum: ruleClasses }).notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.ruleSetId, t.name] }),
    check('rules_name_shape', sql`name ~ '^[A-Za-z][A-Za-z0-9_]{0,63}$'`),
    check('rules_fact_known', sql`${t.fact} in (${listed(ruleFacts)})`),
    check('rules_op_known', sql`${t.op} in (${listed(ruleOperators)})`),
    check('rules_weight_range', sql`weight between 1 and 100`),
    check('rules_class_known', sql`${t.class} in (${listed(ruleClasses)})`),
    check('rules_reason_length', sql`char_length(reason) between 1 and 300`),
  ],
)

export const replays = clicksSchema.table(
  'replays',
  {
    id: id(),
    ruleSetId: idOf('rule_set_id')
      .notNull()
      .references(() => ruleSets.id),
    kind: text('kind', { enum: replayKinds }).notNull(),
    state: text('state', { enum: replayStates }).notNull().default('running'),
    from: instant('from_at').notNull(),
    to: instant('to_at').notNull(),
    // The last click that was read. A run that dies is continued behind it.
    position: uuid('position'),
    judged: bigint('judged', { mode: 'number' }).notNull().default(0),
    changed: bigint('changed', { mode: 'number' }).notNull().default(0),
    result: jsonb('result'),
    createdAt: createdAt(),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    check('replays_kind_known', sql`${t.kind} in (${listed(replayKinds)})`),
    check('replays_state_known', sql`${t.state} in (${listed(replayStates)})`),
    check('replays_finished', sql`(state = 'running') = (finished_at is null)`),
    check('replays_window', sql`to_at > from_at`),
  ],
)

/** Receipts of erased visitors. The key is kept as a digest only. */
export const erasures = clicksSchema.table('erasures', {
  id: uuid('id').primaryKey().defaultRandom(),
  keyDigest: text('key_digest').notNull(),
  clicks: bigint('clicks', { mode: 'number' }).notNull(),
  requestedBy: text('requested_by').notNull(),
  createdAt: createdAt(),
})

function count(name: string) {
  return bigint(name, { mode: 'number' }).notNull().default(0)
}

function clickCounts() {
  return {
    clicks: count('clicks'),
    uniques: count('uniques'),
    unkeyed: count('unkeyed'),
    valid: count('valid'),
    bots: count('bots'),
    invalidGeneral: count('invalid_general'),
    invalidSophisticated: count('invalid_sophisticated'),
    previews: count('previews'),
    // Thousandths of a minor unit, because cpm is the price of a thousand clicks.
    costMilli: count('cost_milli'),
  }
}

function conversionCounts<Prefix extends '' | 'own_'>(prefix: Prefix) {
  return {
    [`${prefix}conversions`]: count(`${prefix}conversions`),
    [`${prefix}pending`]: count(`${prefix}pending`),
    [`${prefix}approved`]: count(`${prefix}approved`),
    [`${prefix}rejected`]: count(`${prefix}rejected`),
    [`${prefix}reversed`]: count(`${prefix}reversed`),
    [`${prefix}revenueMinor`]: count(`${prefix}revenue_minor`),
    [`${prefix}conversionCostMilli`]: count(`${prefix}conversion_cost_milli`),
  } as Record<
    `${Prefix}${'conversions' | 'pending' | 'approved' | 'rejected' | 'reversed' | 'revenueMinor' | 'conversionCostMilli'}`,
    ReturnType<typeof count>
  >
}

function partColumns(campaign: () => AnyPgColumn) {
  return {
    id: id(),
    campaignId: idOf('campaign_id').notNull().references(campaign),
    name: text('name').notNull(),
    url: text('url').notNull(),
    weight: integer('weight').notNull().default(1),
    // countries, devices, os, languages, query, hours; empty fits every visitor.
    targets: jsonb('targets').$type<Record<string, unknown>>().notNull().default({}),
    status: text('status', { enum: partStatuses }).notNull().default('active'),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  }
}

function partChecks(table: string) {
  return [
    check(`${table}_name_length`, sql`char_length(name) between 1 and 200`),
    check(`${table}_url_shape`, urlShape('url')),
    check(`${table}_weight_range`, sql`weight between 0 and 10000`),
    check(`${table}_status_known`, sql`status in (${listed(partStatuses)})`),
  ]
}

function ownerShape() {
  return sql`owner = 'admin' or owner ~ '^partner:[!-~]{1,128}$'`
}

function slugShape() {
  return sql`slug ~* '^[a-z0-9-]{1,64}$'`
}

function urlShape(column: string) {
  return sql`${sql.raw(column)} ~* '^https?://' and char_length(${sql.raw(column)}) <= 2000`
}
