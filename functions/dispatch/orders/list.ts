import { type SQL, sql } from 'drizzle-orm'
import type { OrderStatus as Status } from '../../../schema/dispatch/states.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import { named, type Statement } from '../../core/named.ts'
import { returnExpired } from '../assignments/return-expired.ts'
import { type ListedOrder, OrderStatus } from './contract.ts'
import { listedColumns } from './show.ts'

type Query = {
  statuses: readonly Status[]
  storeId: number | null
  courierId: number | null
  since: string | null
  before: [createdAt: string, id: number] | null
  limit: number
}

type Filter = Pick<Query, 'before' | 'limit'> & {
  statuses?: readonly Status[] | undefined
  storeId?: number | null | undefined
  courierId?: number | null | undefined
  since?: string | null | undefined
}

/** An order, or nothing but nulls. `lapsed`: some lease is over, and its order not yet returned. */
type Listed = ListedOrder & { lapsed?: boolean | null }

/**
 * The orders that this principal may see, newest first. A list that could show an expired lease returns such orders to
 * `new` first: one more round trip, in which the primary answers.
 */
export async function listOrders(
  ctx: Ctx,
  { statuses, before, limit, ...filter }: Filter,
): Promise<ListedOrder[]> {
  const { storeId = null, courierId = null, since = null } = filter
  const query = { statuses: statuses ?? OrderStatus.options, storeId, courierId, since, before, limit }
  const list = listStatement(ctx.principal, query)
  const rows = await ctx.replica.query<Listed>(list)
  if (rows[0]?.lapsed !== true) return ordersOf(rows)
  // The select of this statement guarantees the row type.
  return ordersOf(((await ctx.db.batch([returnExpired(), list])).at(-1) ?? []) as Listed[])
}

function ordersOf(rows: Listed[]): ListedOrder[] {
  const orders = rows.filter(({ id }) => id !== null)
  for (const order of orders) delete order.lapsed
  return orders
}

export function listStatement(principal: Principal | null, query: Query): Statement {
  const { before, since, storeId, courierId, limit } = query
  const own = [
    storeId === null ? null : sql`o.store_id = ${storeId}`,
    courierId === null ? null : sql`o.courier_id = ${courierId}`,
    since === null ? null : sql`o.created_at >= ${since}::timestamptz`,
    before === null ? null : sql`(o.created_at, o.id) < (${before[0]}::timestamptz, ${before[1]}::bigint)`,
  ].filter((condition) => condition !== null)
  const branches = branchesFor(principal, query.statuses).map(
    ({ status, whose }) => sql`(
  select ${readColumns}
  from dispatch.orders o
  where ${sql.join([sql`o.status = ${status}`, ...whose, ...own], sql` and `)}
  order by o.created_at desc, o.id desc
  limit ${limit})`,
  )
  if (branches.length === 0) return named('dispatch.list-nothing')`select null as id`
  const isTold = query.statuses.some((status) => status === 'new' || status === 'assigned')
  // Postgres merges one ordered index range per status, so it never reads rows beyond the page. Without an order there is
  // one row of nulls, which says whether a lease is over.
  const statement = sql`
select ${listedColumns('o')}, lease.lapsed
from (
  select ${isTold}::boolean and (
    select true
    from dispatch.orders o
    where o.status = 'assigned' and o.lease_expires_at <= now()
    order by o.lease_expires_at
    limit 1
  ) as lapsed
) lease
left join (
  select *
  from (${sql.join(branches, sql` union all `)}) o
  order by o.created_at desc, o.id desc
  limit ${limit}
) o on true
order by o.created_at desc, o.id desc`
  return hot('dispatch.list', statement)
}

const readColumns = sql`o.id, o.status, o.store_id, o.courier_id, o.pickup_address, o.delivery_address, o.boxes_count,
    o.price_minor, o.currency, o.ready_at, o.due_at, o.lease_expires_at, o.fence, o.version, o.created_at`

type Branch = { status: Status; whose: SQL[] }

/** A store sees its own orders; a courier sees available orders and its own. */
function branchesFor(principal: Principal | null, statuses: readonly Status[]): Branch[] {
  if (principal === null) return []
  return statuses.flatMap((status) => {
    if (principal.role === 'admin') return { status, whose: [] }
    if (principal.role === 'store') return { status, whose: [sql`o.store_id = ${principal.id}::bigint`] }
    if (principal.role === 'courier')
      return { status, whose: status === 'new' ? [] : [sql`o.courier_id = ${principal.id}::bigint`] }
    return []
  })
}
