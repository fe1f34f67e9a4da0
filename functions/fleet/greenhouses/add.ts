import { sql } from 'drizzle-orm'
import { tenantOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import type { NewGreenhouse, Provisioned } from './contract.ts'
import { callerScope } from './scope.ts'
import { showGreenhouse } from './show.ts'

/** Postgres refuses a time zone that it does not know. */
export async function addGreenhouse(ctx: Ctx, { name, timezone }: NewGreenhouse): Promise<Provisioned> {
  const tenant = tenantOf(ctx)
  return effect(
    ctx,
    named('fleet.add-greenhouse')`
with created as (
  insert into fleet.greenhouses (tenant_id, name, timezone)
  select ${tenant}::bigint, ${name}, ${timezone}
  where now() at time zone ${timezone} is not null
  returning *
)
select ${answer(sql`jsonb_build_object('greenhouse', ${showGreenhouse('g')}, 'gen', g.gen)`)}
from created g`,
    callerScope(ctx),
  )
}
