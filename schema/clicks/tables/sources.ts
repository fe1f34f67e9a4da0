import { sql } from 'drizzle-orm'
import { check, cidr, jsonb, text } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, listed, version } from '../../kit/columns.ts'
import { partStatuses } from '../states.ts'
import { clicksSchema, ownerShape, slugShape } from './row.ts'

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
