import { sql } from 'drizzle-orm'

/** The fields of a delivery, over the alias `d`. */
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
      from webhooks.webhook_attempts a
      where a.delivery_id = d.id
    ), '[]'::jsonb)
  )`
