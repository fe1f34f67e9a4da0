import { type SQL, sql } from 'drizzle-orm'
import { offersOfAVersion } from '../../../schema/fleet/states.ts'

/** The whole document, never a part: `n` is the node, `c` its configuration. */
export function showConfig(): SQL {
  return sql`jsonb_build_object(
    'uid', n.uid,
    'version', c.desired_version,
    'zoneId', (select s.zone_id from fleet.zone_slots s where s.node_id = n.id),
    'settings', c.settings,
    'desiredAt', core.iso(c.desired_at)
  )`
}

/** Whether the node should get the desired version now. */
export function isOffered(row: 'c' | 'reported'): SQL {
  const c = sql.raw(row)
  return sql`(${c}.rejections < ${offersOfAVersion} and (${c}.override_until is null or ${c}.override_until <= now()))`
}
