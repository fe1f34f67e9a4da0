/**
 * A transaction that behaves as if no other ran beside it.
 *
 * Guarantee: the work commits at the chosen isolation level or not at all. A serialization failure or a deadlock runs it
 * again from the start, with full jitter, at most `attempts` times.
 * How a caller loses: after the last attempt the DatabaseError (40001 or 40P01) is thrown, and `toProblem` makes it
 * 503 `busy`. A connection lost at commit is never repeated: `committed` is `unknown`, and only a key can resolve it.
 * The caller must keep the work free of effects outside the database, and never nest two of these.
 * Driver: WebSocket for `transact` (interactive), HTTP for `transactBatch` (one round trip an attempt).
 */
import type { Ctx } from './context.ts'
import type { Isolation, Tx } from './db.ts'
import type { Statement } from './named.ts'
import { DatabaseError, retryOf } from './sqlstate.ts'

type Options = {
  isolation?: Isolation
  attempts?: number
  /** The longest pause before the second attempt; doubles with each further one. */
  pauseMs?: number
  random?: () => number
}

export async function transact<T>(ctx: Ctx, work: (tx: Tx) => Promise<T>, options: Options = {}): Promise<T> {
  const { isolation = 'Serializable' } = options
  return retried(() => ctx.db.transaction(work, { isolation }), options)
}

export async function transactBatch(
  ctx: Ctx,
  statements: Statement[],
  options: Options = {},
): Promise<unknown[][]> {
  const { isolation = 'Serializable' } = options
  return retried(() => ctx.db.batch(statements, { isolation }), options)
}

async function retried<T>(attempt: () => Promise<T>, options: Options): Promise<T> {
  const { attempts = 5, pauseMs = 20, random = Math.random } = options
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt()
    } catch (error) {
      const repeatable = error instanceof DatabaseError && retryOf(error.sqlstate) === 'transaction'
      if (!repeatable || tried >= attempts) throw error
      await pause(random() * pauseMs * 2 ** (tried - 1))
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
