/**
 * One holder at a time for work that is longer than a transaction may be.
 *
 * Guarantee: a lease has one holder until it expires. The next holder gets a higher fence, and a holder that lost the
 * lease can write nothing more, because every write checks its fence in the same transaction.
 * How a caller loses: taking a lease that is held returns `null`; writing or renewing with an old fence is SQLSTATE LS012.
 * The caller must renew before `ttlSeconds` are over, and put `holding(lease)` before each write in its batch.
 * An expired lease that no other holder took still writes, because no other holder has written. Driver: HTTP.
 */
import type { Ctx } from './context.ts'
import { orNotRun } from './guard.ts'
import { named, type Statement } from './named.ts'
import { hasSqlstate } from './sqlstate.ts'

export type Lease = { name: string; fence: number; ttlSeconds: number }

export async function takeLease(ctx: Ctx, name: string, { ttlSeconds = 60 } = {}): Promise<Lease | null> {
  const owner = crypto.randomUUID()
  const taken = await orNotRun(() =>
    ctx.db.query<{ fence: string }>(takeLeaseOf({ name, owner, ttlSeconds })),
  )
  const [row] = taken.ran ? taken.value : []
  return row === undefined ? null : { name, fence: Number(row.fence), ttlSeconds }
}

export function takeLeaseOf({
  name,
  owner,
  ttlSeconds,
}: {
  name: string
  owner: string
  ttlSeconds: number
}): Statement {
  return named('core.take-lease')`
select core.take_lease(${name}, ${owner}, make_interval(secs => ${ttlSeconds})) as fence`
}

/** Goes before a write in its transaction. It ends a transaction that lost the lease, and blocks takers until commit. */
export function holding(lease: Lease): Statement {
  return named('core.assert-lease')`
select core.assert_lease(${lease.name}, ${lease.fence})`
}

/** The heartbeat. Throws LS012 when the lease is lost. */
export async function renewLease(ctx: Ctx, lease: Lease): Promise<void> {
  // Update first, then check: two sessions that share the row lock and both want to update would deadlock.
  await ctx.db.batch([moveExpiry(lease, lease.ttlSeconds), holding(lease)])
}

/**
 * Renews the lease while slow work runs; a later renewal repairs one that failed on its way. Losing the lease does not
 * stop the work: its next write fails.
 */
export async function whileRenewing<T>(ctx: Ctx, lease: Lease, work: () => Promise<T>): Promise<T> {
  const renew = () =>
    renewLease(ctx, lease).catch((error: unknown) => {
      if (hasSqlstate(error, 'LS012')) clearInterval(beat)
    })
  const beat = setInterval(() => void renew(), (lease.ttlSeconds * 1_000) / 3)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

/** The row stays, expired, so that its fence keeps rising. Releasing a lost lease is no error. */
export async function releaseLease(ctx: Ctx, lease: Lease): Promise<void> {
  await ctx.db.query(moveExpiry(lease, 0))
}

export function moveExpiry(lease: Lease, seconds: number): Statement {
  return named('core.move-expiry')`
update core.leases
set expires_at = clock_timestamp() + make_interval(secs => ${seconds})
where name = ${lease.name}
  and fence = ${lease.fence}`
}
