import { sql } from 'drizzle-orm'

/** Over the alias `e` of dispatch.order_events. */
export const showEvent = sql`jsonb_build_object(
    'id', e.id,
    'orderId', e.order_id,
    'type', e.type,
    'fromStatus', e.from_status,
    'toStatus', e.to_status,
    'actor', jsonb_build_object('role', e.actor_role, 'id', e.actor_id),
    'courierId', e.courier_id,
    'fence', e.fence,
    'data', e.data,
    'createdAt', core.iso(e.created_at)
  )`
