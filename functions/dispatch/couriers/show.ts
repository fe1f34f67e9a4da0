import { type SQL, sql } from 'drizzle-orm'

export function showCourier(row: 'c' | 'changed'): SQL {
  const c = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${c}.id,
    'name', ${c}.name,
    'capacityBoxes', ${c}.capacity_boxes,
    'heldBoxes', ${c}.held_boxes,
    'available', ${c}.available,
    'zone', ${c}.zone,
    'lat', ${c}.last_lat,
    'lng', ${c}.last_lng,
    'lastSeenAt', core.iso(${c}.last_seen_at),
    'version', ${c}.version,
    'createdAt', core.iso(${c}.created_at)
  )`
}
