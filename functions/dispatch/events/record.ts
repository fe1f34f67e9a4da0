import { type SQL, sql } from 'drizzle-orm'
import type { OrderEventType } from '../../../schema/dispatch/states.ts'
import type { Principal } from '../../core/context.ts'

type Happened = {
  /** A constant, or an expression over the CTE. */
  type: OrderEventType | SQL
  /** The CTE with the changed row; it has the columns of dispatch.orders. */
  of: 'created' | 'claimed' | 'moved' | 'changed'
  from: SQL
  by: Principal | null
  /** The courier that holds, or just held, the order. */
  courier?: SQL
  data?: SQL
}

/** Inserts the event of a change in the statement that makes the change. */
export function recordEvent({ type, of, from, by, courier, data = sql`'{}'::jsonb` }: Happened): SQL {
  const row = sql.raw(of)
  return sql`
  insert into dispatch.order_events (order_id, type, from_status, to_status, actor_role, actor_id, courier_id, fence, data)
  select ${row}.id, ${type}, ${from}, ${row}.status, ${by?.role ?? 'system'}, ${by?.sub ?? null},
    ${courier ?? sql`${row}.courier_id`}, ${row}.fence, ${data}
  from ${row}`
}
