import { type SQL, sql } from 'drizzle-orm'

export function showWebhook(row: 'w' | 'changed' | 'created'): SQL {
  const w = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${w}.id,
    'url', ${w}.url,
    'events', ${w}.events,
    'description', ${w}.description,
    'enabled', ${w}.disabled_at is null,
    'disabledFor', ${w}.disabled_for,
    'failures', ${w}.failures,
    'failingSince', core.iso(${w}.failing_since),
    'pausedUntil', core.iso(${w}.paused_until),
    'oldSecretUntil', case when ${w}.old_secret_until > now() then core.iso(${w}.old_secret_until) end,
    'version', ${w}.version,
    'createdAt', core.iso(${w}.created_at)
  )`
}
