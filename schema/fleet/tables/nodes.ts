import { sql } from 'drizzle-orm'
import { check, index, integer, text, unique } from 'drizzle-orm/pg-core'
import { id, idOf, instant, version } from '../../kit/columns.ts'
import { lifecycles, nodeTypes } from '../states.ts'
import { greenhouses } from './greenhouses.ts'
import { fleet, known, tenantId } from './row.ts'

/**
 * A device. `gen` is the generation of its credential; a token of an older one is refused. `used_gen` is the highest
 * generation that made a request: a credential that was never used may be requested again.
 */
export const nodes = fleet.table(
  'nodes',
  {
    id: id(),
    tenantId: tenantId(),
    greenhouseId: idOf('greenhouse_id')
      .notNull()
      .references(() => greenhouses.id),
    hardwareId: text('hardware_id').notNull(),
    uid: text('uid').notNull(),
    type: text('type').notNull(),
    name: text('name'),
    fwVersion: text('fw_version'),
    hardwareRevision: text('hardware_revision'),
    lifecycle: text('lifecycle').notNull().default('REGISTERED_BACKEND'),
    maintenanceUntil: instant('maintenance_until'),
    gen: integer('gen').notNull().default(1),
    usedGen: integer('used_gen').notNull().default(0),
    reprovisionUntil: instant('reprovision_until'),
    firstSeenAt: instant('first_seen_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at'),
    version: version(),
  },
  (t) => [
    // Race: two hellos of one hardware id. The second waits for the first and updates its row.
    unique('nodes_hardware').on(t.tenantId, t.hardwareId),
    unique('nodes_uid').on(t.uid),
    // GET /v1/fleet/nodes of a tenant.
    index('idx_nodes_tenant').on(t.tenantId, t.id),
    check('nodes_type', known('type', nodeTypes)),
    check('nodes_lifecycle', known('lifecycle', lifecycles)),
    check('nodes_used_gen', sql`used_gen <= gen`),
  ],
)
