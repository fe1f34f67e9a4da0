import { sql } from 'drizzle-orm'
import { type Health, unknownHealth } from '../../core/circuit.ts'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'

export type UpstreamHealth = Health & {
  lastOkAt: Date | null
  lastErrorAt: Date | null
  lastError: string | null
}

export const unknownUpstream: UpstreamHealth = {
  ...unknownHealth,
  lastOkAt: null,
  lastErrorAt: null,
  lastError: null,
}

export async function readHealth(ctx: Ctx, names: readonly string[]): Promise<Map<string, UpstreamHealth>> {
  const rows = await ctx.db.query<{ upstream: string } & UpstreamHealth>(named('space.read-health')`
select
  upstream,
  failures,
  open_until as "openUntil",
  quota_limit as "quotaLimit",
  quota_left as "quotaLeft",
  quota_until as "quotaUntil",
  last_ok_at as "lastOkAt",
  last_error_at as "lastErrorAt",
  last_error as "lastError"
from space.upstream_state
where upstream = any (${sql.param(names)}::text[])
limit ${names.length}`)
  return new Map(rows.map(({ upstream, ...state }) => [upstream, state]))
}

/** After `quotaTaken` an answer raises no quota, because it counts no call that is still on its way. */
export function storeHealth(
  states: ReadonlyMap<string, UpstreamHealth>,
  { quotaTaken }: { quotaTaken: boolean },
): Statement {
  const rows = [...states].map(([name, state]) => ({ name, ...state }))
  return named('space.store-health')`
insert into space.upstream_state as kept (
  upstream, failures, open_until, quota_limit, quota_left, quota_until, last_ok_at, last_error_at, last_error
)
select
  name, failures, "openUntil", "quotaLimit", "quotaLeft", "quotaUntil", "lastOkAt", "lastErrorAt", "lastError"
from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as state (
  name text, failures int, "openUntil" timestamptz, "quotaLimit" int, "quotaLeft" int, "quotaUntil" timestamptz,
  "lastOkAt" timestamptz, "lastErrorAt" timestamptz, "lastError" text
)
order by name
on conflict (upstream) do update
set failures = excluded.failures,
    open_until = excluded.open_until,
    quota_limit = excluded.quota_limit,
    quota_left = ${quotaTaken ? sql`least(kept.quota_left, excluded.quota_left)` : sql`excluded.quota_left`},
    quota_until = excluded.quota_until,
    last_ok_at = excluded.last_ok_at,
    last_error_at = excluded.last_error_at,
    last_error = excluded.last_error`
}
