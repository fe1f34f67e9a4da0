import { type SQL, sql } from 'drizzle-orm'
import { silentAfterSeconds } from '../rules.ts'

type Row = 'n' | 'changed' | 'removed' | 'placed'

/**
 * A statement does not see the rows that its other parts write. So a verb that changes the zone or the configuration
 * passes the new zone, and the CTE that has the new configuration as `c`.
 */
export function showNode(
  row: Row,
  { zone = zoneOf(row), config }: { zone?: SQL; config?: string } = {},
): SQL {
  const n = sql.raw(row)
  const from = config === undefined ? sql`fleet.node_configs` : sql.identifier(config)
  return sql`jsonb_build_object(
    'uid', ${n}.uid,
    'hardwareId', ${n}.hardware_id,
    'type', ${n}.type,
    'name', ${n}.name,
    'fwVersion', ${n}.fw_version,
    'hardwareRevision', ${n}.hardware_revision,
    'lifecycle', ${n}.lifecycle,
    'maintenanceUntil', core.iso(${n}.maintenance_until),
    'greenhouseId', ${n}.greenhouse_id,
    'zoneId', ${zone},
    'firstSeenAt', core.iso(${n}.first_seen_at),
    'lastSeenAt', core.iso(${n}.last_seen_at),
    'stale', ${isStale(row)},
    'config', (
      select jsonb_build_object(
        'desiredVersion', c.desired_version,
        'reportedVersion', c.reported_version,
        'outcome', c.outcome,
        'reason', c.reason,
        'overrideUntil', core.iso(c.override_until),
        'driftSeconds', extract(epoch from now() - c.drifted_at)::int
      )
      from ${from} c
      where c.node_id = ${n}.id
    ),
    'version', ${n}.version
  )`
}

export function isStale(row: Row): SQL {
  const n = sql.raw(row)
  return sql`coalesce(${n}.last_seen_at, ${n}.first_seen_at) < now() - make_interval(secs => ${silentAfterSeconds})`
}

function zoneOf(row: Row): SQL {
  return sql`(select s.zone_id from fleet.zone_slots s where s.node_id = ${sql.raw(row)}.id)`
}
