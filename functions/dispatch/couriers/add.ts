import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import type { Courier, NewCourier } from './contract.ts'
import { showCourier } from './show.ts'

export async function addCourier(ctx: Ctx, courier: NewCourier): Promise<Courier> {
  const { name, capacityBoxes, available, zone } = courier
  return effect(
    ctx,
    sql`
with created as (
  insert into dispatch.couriers (name, capacity_boxes, available, zone)
  values (${name}, ${capacityBoxes}, ${available}, ${zone})
  returning *
)
select ${answer(showCourier('c'))}
from created c`,
  )
}
