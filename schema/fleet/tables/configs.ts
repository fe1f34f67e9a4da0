import { sql } from 'drizzle-orm'
import { check, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core'
import { idOf, instant } from '../../kit/columns.ts'
import { configOutcomes } from '../states.ts'
import { nodes } from './nodes.ts'
import { fleet, known, tenantId } from './row.ts'

/**
 * The configuration that a node should have and the one that it reported. `drifted_at` is the moment since which both
 * differ. `claimed_until`: a publisher has the node's document until then.
 */
export const nodeConfigs = fleet.table(
  'node_configs',
  {
    nodeId: idOf('node_id')
      .primaryKey()
      .references(() => nodes.id),
    tenantId: tenantId(),
    settings: jsonb('settings').notNull().default({}),
    desiredVersion: integer('desired_version').notNull().default(1),
    desiredAt: instant('desired_at').notNull().defaultNow(),
    publishedVersion: integer('published_version').notNull().default(0),
    publishedAt: instant('published_at'),
    claimedUntil: instant('claimed_until'),
    reportedVersion: integer('reported_version').notNull().default(0),
    reportedAt: instant('reported_at'),
    outcome: text('outcome'),
    reason: text('reason'),
    rejections: integer('rejections').notNull().default(0),
    overrideUntil: instant('override_until'),
    driftedAt: instant('drifted_at').defaultNow(),
  },
  () => [
    check('node_configs_outcome', known('outcome', configOutcomes)),
    check('node_configs_published', sql`published_version <= desired_version`),
    check('node_configs_reported', sql`reported_version <= desired_version`),
  ],
)

/** A sensor or an actuator of a node. Channels come with the node's first report. */
export const channels = fleet.table(
  'channels',
  {
    nodeId: idOf('node_id')
      .notNull()
      .references(() => nodes.id),
    channel: text('channel').notNull(),
    tenantId: tenantId(),
    kind: text('kind').notNull(),
    metric: text('metric'),
    settings: jsonb('settings').notNull().default({}),
    reportedAt: instant('reported_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'channels_pkey', columns: [t.nodeId, t.channel] }),
    check('channels_kind', sql`kind in ('sensor', 'actuator')`),
  ],
)
