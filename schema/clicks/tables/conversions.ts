import { sql } from 'drizzle-orm'
import { bigint, char, check, integer, jsonb, text, unique, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, listed } from '../../kit/columns.ts'
import { conversionResults, conversionStatuses, orphanStates, postbackStates } from '../states.ts'
import { campaigns } from './campaigns.ts'
import { clicksSchema, ownerShape } from './row.ts'
import { trafficSources } from './sources.ts'

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
