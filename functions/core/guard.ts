/**
 * A job never overlaps itself, on any number of Workers.
 *
 * Guarantee: of any number of simultaneous callers with the same lock number one does its work, and the others do nothing. Lock
 * and work end together, by commit, rollback or the holder's death: the lock is scoped to the transaction.
 * How a caller loses: at once, `{ ran: false, reason: 'busy' }`.
 * The caller must take the number from registry/locks.ts; keep the transaction to seconds, never across a slow
 * call (that is core/lease.ts); know that a lock stops overlap, not repetition (that is core/once.ts).
 * Driver: HTTP, one round trip, for work that is statements; WebSocket for work that must think between them.
 */
import type { Ctx } from './context.ts'
import type { Tx } from './db.ts'
import { named, type Statement } from './named.ts'
import { hasSqlstate } from './sqlstate.ts'

/** A number of registry/locks.ts; with the id of one thing, work on other things goes on at the same time. */
type Lock = number | readonly [lock: number, thing: number]

export type NotRun = { ran: false; reason: 'busy' | 'done' | 'paused' }
export type Guarded<T> = { ran: true; value: T } | NotRun

/** Put this statement before the work in its batch. It ends the batch when another run holds the lock. */
export function takeLock(lock: Lock): Statement {
  if (typeof lock === 'number') return named('core.take-lock')`select core.take_lock(${lock})`
  const [number, thing] = lock
  return named('core.take-lock-of')`select core.take_lock_of(${number}, ${thing})`
}

/** Returns the rows of each statement of the work. */
export async function guard(ctx: Ctx, lock: Lock, work: Statement[]): Promise<Guarded<unknown[][]>> {
  return orNotRun(async () => (await ctx.db.batch([takeLock(lock), ...work])).slice(1))
}

export async function guardSession<T>(
  ctx: Ctx,
  lock: Lock,
  work: (tx: Tx) => Promise<T>,
): Promise<Guarded<T>> {
  return orNotRun(() =>
    ctx.db.transaction(async (tx) => {
      await tx.query(takeLock(lock))
      return work(tx)
    }),
  )
}

/** Losing to another run, to an earlier run of the same slot or to a pause is a value and not an error. */
export async function orNotRun<T>(work: () => Promise<T>): Promise<Guarded<T>> {
  try {
    return { ran: true, value: await work() }
  } catch (error) {
    if (hasSqlstate(error, 'LS010')) return { ran: false, reason: 'busy' }
    if (hasSqlstate(error, 'LS011')) return { ran: false, reason: 'done' }
    if (hasSqlstate(error, 'LS013')) return { ran: false, reason: 'paused' }
    throw error
  }
}
