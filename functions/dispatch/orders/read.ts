import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { returnExpired } from '../assignments/return-expired.ts'
import type { Order } from './contract.ts'
import { showOrder } from './show.ts'
import { visibleTo } from './visible.ts'

/** One order, as this principal may see it. An expired lease ends before the read. */
export async function readOrder(ctx: Ctx, { orderId }: { orderId: number }): Promise<Order | null> {
  const [, rows] = await ctx.db.batch([
    returnExpired({ orderId }),
    sql`
select ${showOrder('o', ctx.principal)} as order
from dispatch.orders o
where o.id = ${orderId}
  and ${visibleTo(ctx.principal)}`,
  ])
  // The select of this statement guarantees the row type.
  const [row] = (rows ?? []) as { order: Order }[]
  return row?.order ?? null
}
