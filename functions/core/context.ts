import { type Env, parseEnv } from '../registry/env.ts'
import type { DeviceRole, Role, RowRole, TenantRole } from '../registry/roles.ts'
import type { Db } from './db.ts'
import { makeDb } from './db.ts'
import { type Log, makeLog } from './log.ts'
import { type Metrics, makeMetrics } from './metrics.ts'
import { makeReplica } from './replica.ts'
import { reporting } from './report.ts'

/** The caller that the token names: `sub` is the text of the token, `id` the row that `sub` refers to. */
export type Principal =
  | { role: RowRole; sub: string; id: number }
  | { role: TenantRole; sub: string; tenantId: number }
  /** `gen`: the generation of its credential, which rises when its tokens are revoked. */
  | { role: DeviceRole; sub: string; tenantId: number; gen: number }
  /** `tenantId`: the tenant for which an admin acts. */
  | { role: Exclude<Role, RowRole | TenantRole | DeviceRole>; sub: string; tenantId: number | null }

/** Two requests with equal members are the same request. The key's scope is the principal and the route. */
export type IdempotencyRequest = { id: string; principal: string; route: string; bodyHash: string }

/** Everything that a verb may use. `makeContext` builds it for requests, cron ticks and messages. */
export type Ctx = {
  env: Env
  db: Db
  /** A read replica when one is configured, else the primary. For reads that need not see the caller's last write. */
  replica: Db
  now(): Date
  log: Log
  metrics: Metrics
  waitUntil: (work: Promise<unknown>) => void
  principal: Principal | null
  /** When the caller's token expires; null without a token, and for devices, whose tokens end by revocation. */
  expiresAt: Date | null
  idempotency: IdempotencyRequest | null
  /** Set by `effect`: the answer came from an earlier request with the same key. */
  replayed: boolean
  /** Set by `effect`: the transaction id of this request's write, shown as X-Position. */
  position: string | null
}

type Origin = {
  waitUntil: (work: Promise<unknown>) => void
  log?: Record<string, unknown>
  now?: () => Date
}

export function makeContext(
  bindings: object,
  { waitUntil, log: fields = {}, now = () => new Date() }: Origin,
): Ctx {
  const env = parseEnv(bindings)
  const log = makeLog(fields)
  const metrics = makeMetrics(reporting({ env, log, waitUntil }))
  const db = makeDb(env.DATABASE_URL, metrics, { proxy: env.NEON_PROXY })
  return {
    env,
    db,
    replica: makeReplica(env, metrics, { primary: db, after: null }),
    now,
    log,
    metrics,
    waitUntil,
    principal: null,
    expiresAt: null,
    idempotency: null,
    replayed: false,
    position: null,
  }
}

/** Lets a replica answer only if it shows the write of this position, else the primary. */
export function readAfter(ctx: Ctx, position: string): void {
  ctx.replica = makeReplica(ctx.env, ctx.metrics, { primary: ctx.db, after: position })
}
