import { cache } from '../../core/cache.ts'
import type { Ctx, Principal } from '../../core/context.ts'
import { named } from '../../core/named.ts'

/** A revoked credential is refused after this time at the latest. */
const boundMs = 5_000

/** While Postgres is away, the credentials that were good stay good for this time, so that nodes can send samples. */
const keepMs = 10 * 60 * 1_000

const generations = cache<{ gen: number }>({
  name: 'fleet_generation',
  load: generationOf,
  boundMs,
  keepMs,
  waitMs: 2_000,
  // Most nodes send less often than that.
  rated: false,
})

/**
 * Whether the credential of this device was not replaced. A token of a higher generation than the one in the cache is
 * newer than the cache, because this API signed it.
 */
export async function isCurrent(ctx: Ctx): Promise<boolean> {
  const { principal } = ctx
  if (principal === null || !('gen' in principal)) return true
  const { value } = await generations.read(ctx, keyOf(principal))
  return value !== null && principal.gen >= value.gen
}

type Device = Extract<Principal, { gen: number }>

const keyOf = ({ role, tenantId, sub }: Device) => `${role}/${tenantId}/${sub}`

async function generationOf(ctx: Ctx, key: string): Promise<{ gen: number } | null> {
  const [role, tenant = '', sub] = key.split('/')
  const scope = ctx.db.with({ 'app.tenant_id': tenant })
  const [row] =
    role === 'node'
      ? await scope.query<{ gen: number }>(
          named('fleet.generation-of-node')`
select gen from fleet.nodes where uid = ${sub}`,
        )
      : await scope.query<{ gen: number }>(
          named('fleet.generation-of-greenhouse')`
select gen from fleet.greenhouses where id = ${sub}::bigint`,
        )
  return row ?? null
}
