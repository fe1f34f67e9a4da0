import { index, integer, text } from 'drizzle-orm/pg-core'
import { createdAt, id, version } from '../../kit/columns.ts'
import { fleet, tenantId } from './row.ts'

/** `gen`: the generation of the provisioning token, with which nodes say hello. */
export const greenhouses = fleet.table(
  'greenhouses',
  {
    id: id(),
    tenantId: tenantId(),
    name: text('name').notNull(),
    timezone: text('timezone').notNull(),
    gen: integer('gen').notNull().default(1),
    version: version(),
    createdAt: createdAt(),
  },
  // GET /v1/fleet/greenhouses of a tenant.
  (t) => [index('idx_greenhouses_tenant').on(t.tenantId, t.id)],
)
