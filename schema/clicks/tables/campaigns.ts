import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  char,
  check,
  date,
  integer,
  jsonb,
  numeric,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed, version } from '../../kit/columns.ts'
import { campaignStatuses, costModels, partStatuses, referrerPolicies } from '../states.ts'
import { clicksSchema, ownerShape, slugShape, urlShape } from './row.ts'
import { trafficSources } from './sources.ts'

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
