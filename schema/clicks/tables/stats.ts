import { sql } from 'drizzle-orm'
import { bigint, char, check, primaryKey, text } from 'drizzle-orm/pg-core'
import { id, idOf, instant, listed } from '../../kit/columns.ts'
import { dimensions } from '../states.ts'
import { clicksSchema } from './row.ts'

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
