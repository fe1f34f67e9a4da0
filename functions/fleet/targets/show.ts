import { type SQL, sql } from 'drizzle-orm'

export function showTarget(row: 't' | 'changed'): SQL {
  const t = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${t}.id,
    'zoneId', ${t}.zone_id,
    'metric', (select m.name from fleet.metrics m where m.id = ${t}.metric_id),
    'min', ${t}.min,
    'max', ${t}.max,
    'hysteresis', ${t}.hysteresis,
    'from', to_char(${t}.from_time, 'HH24:MI'),
    'until', to_char(${t}.until_time, 'HH24:MI'),
    'clock', ${t}.clock,
    'version', ${t}.version
  )`
}
