import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../../core/context.ts'

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

/**
 * The events of an order that this principal may see, over the alias `e`, each with the fields it may see. It decides as
 * the stream does (feed.ts): a courier sees its own part of the history, and of the rest only when the order was or
 * became available.
 */
export function historyFor(principal: Principal | null): { visible: SQL; event: SQL } {
  if (principal?.role !== 'courier') return { visible: sql`true`, event: showEvent }
  const own = sql`coalesce(${principal.id}::bigint in (e.courier_id, (e.data ->> 'formerCourierId')::bigint), false)`
  return {
    visible: sql`(${own} or e.from_status is not distinct from 'new' or e.to_status = 'new')`,
    event: sql`case
    when ${own} then ${showEvent}
    else ${showEvent} || jsonb_build_object(
      'actor', jsonb_build_object('role', e.actor_role, 'id', null), 'courierId', null, 'data', '{}'::jsonb
    )
  end`,
  }
}
