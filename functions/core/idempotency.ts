/**
 * One effect, one answer, however often the request is sent.
 *
 * Guarantee: under an idempotency key the statement runs once; every further request with that key and the same body
 * gets the first answer, for 24 hours. Key, effect and answer commit together, so a reply lost after the commit is
 * answered by the repetition. Two at the same moment: the second waits for the first, at most lock_timeout.
 * How a caller loses: another body is `idempotency_key_reused`, a first one that takes too long `in_progress`.
 * What the caller must do: end the statement in `answer(...)`, and render status and body from the outcome alone.
 * Driver: HTTP. One round trip: a single statement without a key, one batch with it. Read committed only.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import type { Db } from './db.ts'
import { AppError } from './errors.ts'
import { hasSqlstate } from './sqlstate.ts'

/** The select list that ends a statement with an effect: its answer, kept beside the key, and its transaction. */
export function answer(outcome: SQL): SQL {
  return sql`core.settled(${outcome}) as outcome, pg_current_xact_id_if_assigned()::text as position`
}

type Settled<Outcome> = { outcome: Outcome; position: string | null }

/** Runs a statement that changes something and returns its outcome. `db` carries settings when there are any. */
export async function effect<Outcome>(ctx: Ctx, statement: SQL, db: Db = ctx.db): Promise<Outcome> {
  return effects<Outcome>(ctx, [statement], db)
}

/** The same for several statements in one transaction and one round trip; the last one answers. */
export function effects<Outcome>(ctx: Ctx, statements: SQL[], db: Db = ctx.db): Promise<Outcome> {
  return orReplay(ctx, async () => {
    const begin = beginKey(ctx)
    const end = begin.length === 0 ? [] : [assertSettled()]
    const rows = await rowsOfAnswer(db, [...begin, ...statements, ...end], -1 - end.length)
    // The row type is the promise of `answer` and of the verb's own SQL.
    const [settled] = rows as Settled<Outcome>[]
    if (settled === undefined) throw new Error('A statement with an effect answered no row')
    ctx.position = settled.position ?? ctx.position
    return settled.outcome
  })
}

async function rowsOfAnswer(db: Db, statements: SQL[], at: number): Promise<unknown[]> {
  const [only, ...more] = statements
  if (only !== undefined && more.length === 0) return db.query(only)
  return (await db.batch(statements)).at(at) ?? []
}

/** Goes before an effect in its transaction, and ends it when the key is used; nothing when there is no key. */
export function beginKey({ idempotency }: Ctx): SQL[] {
  if (idempotency === null) return []
  const { id, bodyHash, principal, route } = idempotency
  return [sql`select core.begin_idempotent(${id}, ${bodyHash}, ${principal}, ${route})`]
}

/** Frees a key again that this transaction only looked at. */
export function dropKey({ idempotency }: Ctx): SQL[] {
  return idempotency === null ? [] : [sql`delete from core.idempotency_keys where id = ${idempotency.id}`]
}

/** Goes after it: ends the transaction unless the key and the job run it began have their answer. */
export function assertSettled(): SQL {
  return sql`select core.assert_settled()`
}

/** The outcome of a transaction that starts with `beginKey`, or what an earlier one under the same key answered. */
export async function orReplay<Outcome>(ctx: Ctx, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    if (hasSqlstate(error, 'LS002'))
      throw new AppError('idempotency_key_reused', 'Another request needs another Idempotency-Key')
    if (hasSqlstate(error, 'LS003'))
      throw new AppError('in_progress', 'Ask again with the same Idempotency-Key for its answer', {
        retryAfter: 1,
      })
    if (!hasSqlstate(error, 'LS001')) throw error
    ctx.replayed = true
    return JSON.parse(error.detail ?? 'null')
  }
}
