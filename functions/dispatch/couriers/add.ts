import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { Courier, NewCourier } from './contract.ts'
import { showCourier } from './show.ts'

export async function addCourier(ctx: Ctx, courier: NewCourier): Promise<Courier> {
  const { name, capacityBoxes, available, zone } = courier
  return effect(
    ctx,
    named('dispatch.add-courier')`
with created as (
  insert into dispatch.couriers (name, capacity_boxes, available, zone)
  values (${name}, ${capacityBoxes}, ${available}, ${zone})
  returning *
)
select ${answer(showCourier('c'))}
from created c`,
  )
}
