import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import { createdAt, id, idOf, instant, version } from '../../kit/columns.ts'
import { zoneModes } from '../states.ts'
import { greenhouses } from './greenhouses.ts'
import { nodes } from './nodes.ts'
import { fleet, known, tenantId } from './row.ts'

/** `epoch` rises when the zone leaves the automatic mode; commands of an older epoch are void. */
export const zones = fleet.table(
  'zones',
  {
    id: id(),
    tenantId: tenantId(),
    greenhouseId: idOf('greenhouse_id')
      .notNull()
      .references(() => greenhouses.id),
    name: text('name').notNull(),
    mode: text('mode').notNull().default('auto'),
    modeUntil: instant('mode_until'),
    epoch: integer('epoch').notNull().default(1),
    version: version(),
    createdAt: createdAt(),
  },
  (t) => [
    // GET /v1/fleet/zones of a tenant.
    index('idx_zones_tenant').on(t.tenantId, t.id),
    // The job that ends modes.
    index('idx_zones_mode').on(t.modeUntil).where(sql`mode_until is not null`),
    check('zones_mode', known('mode', zoneModes)),
  ],
)

/** The node that a zone has of each type. The key lets one in, also of two that bind at the same moment. */
export const zoneSlots = fleet.table(
  'zone_slots',
  {
    tenantId: tenantId(),
    zoneId: idOf('zone_id')
      .notNull()
      .references(() => zones.id),
    nodeType: text('node_type').notNull(),
    nodeId: idOf('node_id')
      .notNull()
      .references(() => nodes.id),
  },
  (t) => [
    primaryKey({ name: 'zone_slots_pkey', columns: [t.zoneId, t.nodeType] }),
    unique('zone_slots_node').on(t.nodeId),
  ],
)

/** The history of the slots: a sample belongs to the zone in which its node was at the time of the sample. */
export const zoneBindings = fleet.table(
  'zone_bindings',
  {
    id: id(),
    tenantId: tenantId(),
    zoneId: idOf('zone_id').notNull(),
    nodeId: idOf('node_id').notNull(),
    fromAt: instant('from_at').notNull().defaultNow(),
    untilAt: instant('until_at'),
  },
  (t) => [
    uniqueIndex('zone_bindings_open').on(t.nodeId).where(sql`until_at is null`),
    // The telemetry of a zone; the zone of a node at a time.
    index('idx_zone_bindings_zone').on(t.zoneId, t.fromAt),
    check('zone_bindings_order', sql`until_at >= from_at`),
  ],
)
