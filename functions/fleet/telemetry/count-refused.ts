import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Env } from '../../registry/env.ts'
import { everyTenant } from '../greenhouses/scope.ts'

type Counts = { waiting: Map<string, number>; sendsAt: number | null }

const counts = new WeakMap<Env, Counts>()
const gatherMs = 500

/**
 * Counts samples that were answered with 429. They are gathered for half a second, so an overload costs Postgres two
 * statements a second and isolate. While Postgres is away they stay in the isolate and go with the next ones.
 */
export function countRefused(ctx: Ctx, samples: number): void {
  const now = ctx.now().getTime()
  const held = counts.get(ctx.env) ?? { waiting: new Map(), sendsAt: null }
  counts.set(ctx.env, held)
  const { principal } = ctx
  const tenant = principal !== null && 'tenantId' in principal ? (principal.tenantId ?? 0) : 0
  const key = JSON.stringify([tenant, Math.floor(now / 60_000) * 60_000])
  held.waiting.set(key, (held.waiting.get(key) ?? 0) + samples)
  // A request that was cancelled never sent, so a later one takes over.
  if (held.sendsAt !== null && now < held.sendsAt + 1_000) return
  held.sendsAt = now + gatherMs
  ctx.waitUntil(
    new Promise((resolve) => setTimeout(resolve, gatherMs))
      .then(() => flush(ctx, held))
      .catch((error: unknown) => ctx.log.error('refused samples', error)),
  )
}

async function flush(ctx: Ctx, held: Counts): Promise<void> {
  held.sendsAt = null
  const taken = [...held.waiting]
  held.waiting.clear()
  try {
    await write(ctx, taken)
  } catch (error) {
    for (const [key, refused] of taken) held.waiting.set(key, (held.waiting.get(key) ?? 0) + refused)
    throw error
  }
}

async function write(ctx: Ctx, taken: readonly [string, number][]): Promise<void> {
  const rows = taken.map(([key, refused]) => {
    const [tenant, minute]: [number, number] = JSON.parse(key)
    return { tenant, minute: new Date(minute).toISOString(), refused }
  })
  await ctx.db.with(everyTenant).query(named('fleet.count-refused')`
with counted as (
  insert into fleet.telemetry_minutes as t (tenant_id, minute, refused)
  select tenant, minute, refused
  from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (tenant bigint, minute timestamptz, refused bigint)
  order by tenant, minute
  on conflict (tenant_id, minute) do update set refused = t.refused + excluded.refused
  returning refused
)
select count(*)::int as minutes from counted`)
}
