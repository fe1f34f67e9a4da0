import { type SQL, sql } from 'drizzle-orm'

/** A mode whose time has passed is over, also before a row says so. */
export function showZone(row: 'z' | 'changed'): SQL {
  const z = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${z}.id,
    'greenhouseId', ${z}.greenhouse_id,
    'name', ${z}.name,
    'mode', ${modeOf(row)},
    'modeUntil', case when ${z}.mode_until > now() then core.iso(${z}.mode_until) end,
    'epoch', ${z}.epoch,
    'nodes', coalesce((
      select jsonb_agg(jsonb_build_object('type', n.type, 'uid', n.uid) order by n.type)
      from fleet.zone_slots s
      join fleet.nodes n on n.id = s.node_id
      where s.zone_id = ${z}.id
    ), '[]'),
    'version', ${z}.version,
    'createdAt', core.iso(${z}.created_at)
  )`
}

/** The mode at this moment. */
export function modeOf(row: 'z' | 't' | 'changed' | 'found'): SQL {
  const z = sql.raw(row)
  return sql`case when ${z}.mode_until <= now() then 'auto' else ${z}.mode end`
}
