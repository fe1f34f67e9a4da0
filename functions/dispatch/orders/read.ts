import { sql } from 'drizzle-orm'
import type { Ctx, Principal } from '../../core/context.ts'
import { hot } from '../../core/hot.ts'
import type { Statement } from '../../core/named.ts'
import { returnExpired } from '../assignments/return-expired.ts'
import type { Order } from './contract.ts'
import { showOrder } from './show.ts'
import { visibleTo } from './visible.ts'

/** One order, as this principal may see it. An expired lease ends before the read. */
export async function readOrder(ctx: Ctx, { orderId }: { orderId: number }): Promise<Order | null> {
  const read = readStatement(ctx.principal, { orderId })
  const rows =
    (await ctx.db.call(read, null)) ?? (await ctx.db.batch([returnExpired({ orderId }), read])).at(-1)
  // The select of this statement guarantees the row type.
  const [row] = (rows ?? []) as { order: Order }[]
  return row?.order ?? null
}

export function readStatement(principal: Principal | null, { orderId }: { orderId: number }): Statement {
  const statement = sql`
select ${showOrder('o', principal)} as order
from dispatch.orders o
where o.id = ${orderId}
  and ${visibleTo(principal)}`
  return hot('dispatch.read', statement, {
    when: sql`exists (
  select from dispatch.orders o
  where o.id = ${orderId}
    and o.status = 'assigned'
    and o.lease_expires_at <= now()
)`,
    run: returnExpired({ orderId }),
  })
}
