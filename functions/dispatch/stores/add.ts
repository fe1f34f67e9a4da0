import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { NewStore, Store } from './contract.ts'
import { showStore } from './show.ts'

export async function addStore(ctx: Ctx, store: NewStore): Promise<Store> {
  const { name, pickupAddress, lat, lng, boxLimit, opensAt, closesAt, timeZone } = store
  return effect(
    ctx,
    named('dispatch.add-store')`
with created as (
  insert into dispatch.stores (name, pickup_address, lat, lng, box_limit, opens_at, closes_at, time_zone)
  values (${name}, ${pickupAddress}, ${lat}, ${lng}, ${boxLimit}, ${opensAt}, ${closesAt}, ${timeZone})
  returning *
)
select ${answer(showStore('s'))}
from created s`,
  )
}
