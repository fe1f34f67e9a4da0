import { type SQL, sql } from 'drizzle-orm'
import type { Ctx, Principal } from '../../core/context.ts'
import type { ListedOrder } from '../contract.ts'
import type { OrderStatus } from '../rules.ts'
import { listedFields } from './show.ts'

type Asked = {
  statuses: readonly OrderStatus[]
  storeId: number | null
  courierId: number | null
  since: string | null
  before: [createdAt: string, id: number] | null
  limit: number
}

/** Orders this principal may see, newest first. */
export async function listOrders(ctx: Ctx, asked: Asked): Promise<ListedOrder[]> {
  const [row] = await ctx.replica.query<{ orders: ListedOrder[] }>(listStatement(ctx.principal, asked))
  return row?.orders ?? []
}

export function listStatement(principal: Principal | null, asked: Asked): SQL {
  const { before, since, storeId, courierId, limit } = asked
  const own = [
    storeId === null ? null : sql`o.store_id = ${storeId}`,
    courierId === null ? null : sql`o.courier_id = ${courierId}`,
    since === null ? null : sql`o.created_at >= ${since}::timestamptz`,
    before === null ? null : sql`(o.created_at, o.id) < (${before[0]}::timestamptz, ${before[1]}::bigint)`,
  ].filter((condition) => condition !== null)
  const branches = branchesFor(principal, asked.statuses).map(
    ({ status, whose }) => sql`(
  select ${listedColumns}
  from dispatch.orders o
  where ${sql.join([sql`o.status = ${status}`, ...whose, ...own], sql` and `)}
  order by o.created_at desc, o.id desc
  limit ${limit})`,
  )
  if (branches.length === 0) return sql`select '[]'::json as orders`
  // One ordered index range per status, merged: rows beyond the page are never read, whatever the size of the table.
  return sql`
select coalesce(json_agg(shown), '[]'::json) as orders
from (
  select ${listedFields('o')}
  from (${sql.join(branches, sql` union all `)}) o
  order by o.created_at desc, o.id desc
  limit ${limit}
) shown`
}

/** What idx_orders_list and idx_orders_store cover: the list never touches the table. */
const listedColumns = sql`o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at`

type Branch = { status: OrderStatus; whose: SQL[] }

/** A store sees its own; a courier what is available, and its own. */
function branchesFor(principal: Principal | null, statuses: readonly OrderStatus[]): Branch[] {
  if (principal === null) return []
  return statuses.flatMap((status) => {
    if (principal.role === 'admin') return { status, whose: [] }
    if (principal.role === 'store') return { status, whose: [sql`o.store_id = ${principal.id}::bigint`] }
    if (principal.role === 'courier')
      return { status, whose: status === 'new' ? [] : [sql`o.courier_id = ${principal.id}::bigint`] }
    return []
  })
}
