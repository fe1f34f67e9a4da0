import { type SQL, sql } from 'drizzle-orm'

export function showStore(row: 's' | 'changed'): SQL {
  const s = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${s}.id,
    'name', ${s}.name,
    'pickupAddress', ${s}.pickup_address,
    'lat', ${s}.lat,
    'lng', ${s}.lng,
    'boxLimit', ${s}.box_limit,
    'opensAt', to_char(${s}.opens_at, 'HH24:MI'),
    'closesAt', to_char(${s}.closes_at, 'HH24:MI'),
    'timeZone', ${s}.time_zone,
    'version', ${s}.version,
    'createdAt', core.iso(${s}.created_at)
  )`
}
