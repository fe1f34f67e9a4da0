import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Courier } from './contract.ts'
import { showCourier } from './show.ts'

export async function readCourier(ctx: Ctx, { id }: { id: number }): Promise<Courier | null> {
  const [row] = await ctx.replica.query<{ courier: Courier }>(named('dispatch.read-courier')`
select ${showCourier('c')} as courier
from dispatch.couriers c
where c.id = ${id}`)
  return row?.courier ?? null
}
