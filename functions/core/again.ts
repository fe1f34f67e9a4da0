/**
 * A decision that was made on an old snapshot is made again on a newer one.
 *
 * A statement reads its snapshot before it waits for a lock. If the locked row changed during the wait, what the
 * statement read beside that row may be too old, so the statement must change nothing and answer `again`.
 * Guarantee: each attempt is a transaction of its own, so the next one sees what the one before waited for. An attempt
 * that answers `again` has no effect and leaves its idempotency key free.
 * How a caller loses: null, when every attempt answered `again`. With `busyOnLockTimeout` also when a lock was not
 * granted within lock_timeout. An error that `isOutdated` accepts is thrown by the last attempt.
 * The caller must put `again` into the outcome, end the statement in `answer(...)`, and decide what null means to its
 * client. Driver: HTTP. One round trip an attempt. Read committed only.
 */
import type { Ctx } from './context.ts'
import type { Db } from './db.ts'
import { effects } from './idempotency.ts'
import type { Statement } from './named.ts'
import { hasSqlstate } from './sqlstate.ts'

type Decision = {
  statement: Statement
  /** Runs before the statement from the second attempt on, in its transaction. */
  before?: Statement[]
  /** Carries settings when there are any. */
  db?: Db
  attempts?: number
  /** Whether this error shows that the snapshot was too old: another transaction took the key that it chose. */
  isOutdated?: (error: unknown) => boolean
  busyOnLockTimeout?: boolean
}

export async function effectAgain<Outcome extends object>(
  ctx: Ctx,
  decision: Decision,
): Promise<Outcome | null> {
  const { statement, before = [], db, attempts = 2, isOutdated = never, busyOnLockTimeout = false } = decision
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    try {
      const outcome = await effects<Outcome>(ctx, attempt === 1 ? [statement] : [...before, statement], db)
      if (!('again' in outcome)) return outcome
    } catch (error) {
      if (busyOnLockTimeout && hasSqlstate(error, '55P03')) return null
      if (attempt === attempts || !isOutdated(error)) throw error
    }
  }
  return null
}

function never(): boolean {
  return false
}
