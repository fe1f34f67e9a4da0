import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import type { NewZone, Zone } from './contract.ts'
import { showZone } from './show.ts'

/** Null: the caller has no such greenhouse. */
export async function addZone(ctx: Ctx, { greenhouseId, name }: NewZone): Promise<Zone | null> {
  return effect<Zone | null>(
    ctx,
    named('fleet.add-zone')`
with created as (
  insert into fleet.zones (tenant_id, greenhouse_id, name)
  select g.tenant_id, g.id, ${name}
  from fleet.greenhouses g
  where g.id = ${greenhouseId}
  returning *
)
select ${answer(sql`(select ${showZone('z')} from created z)`)}`,
    callerScope(ctx),
  )
}
