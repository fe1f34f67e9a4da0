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

/** Over the alias `d`. */
export const showDelivery = sql`jsonb_build_object(
    'id', d.id,
    'eventId', d.event_id,
    'type', d.type,
    'subject', d.subject,
    'state', d.state,
    'reason', d.reason,
    'replays', d.replays,
    'dueAt', core.iso(d.due_at),
    'giveUpAt', core.iso(d.give_up_at),
    'createdAt', core.iso(d.created_at),
    'finishedAt', core.iso(d.finished_at),
    'attempts', coalesce((
      select jsonb_agg(jsonb_build_object(
        'number', a.number,
        'startedAt', core.iso(a.started_at),
        'outcome', a.outcome,
        'status', a.status,
        'tookMs', a.took_ms
      ) order by a.number)
      from core.webhook_attempts a
      where a.delivery_id = d.id
    ), '[]'::jsonb)
  )`
