import { type SQL, sql } from 'drizzle-orm'
import { emit } from '../../core/outbox.ts'

/** CTE body: an event for each command in `from`, which ended because its node left the zone or was decommissioned. */
export function announceVoided(from: string): SQL {
  const c = sql.identifier(from)
  return emit({
    topic: 'fleet',
    from,
    type: 'command.voided',
    subject: sql`'command:' || ${c}.id`,
    audience: sql`'tenant:' || ${c}.tenant_id`,
    data: sql`jsonb_build_object(
      'id', ${c}.id,
      'uid', (select n.uid from fleet.nodes n where n.id = ${c}.node_id),
      'zoneId', ${c}.zone_id,
      'kind', ${c}.kind,
      'state', ${c}.state,
      'reason', ${c}.reason
    )`,
  })
}
