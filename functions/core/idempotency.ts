/**
 * One effect and one answer, however often the client sends the request.
 *
 * Guarantee: under an idempotency key the statement runs once. Every further request with that key and the same body
 * gets the first answer, for 24 hours. Key, effect and answer commit together, so a repetition returns an answer that
 * was lost after the commit. Of two requests at the same moment the second waits for the first, at most lock_timeout.
 * How a caller loses: another body gets `idempotency_key_reused`; a wait beyond lock_timeout gets `in_progress`.
 * The caller must end the statement in `answer(...)`, and render status and body from the outcome alone.
 * Driver: HTTP. One round trip: a single statement without a key, one batch with it. Read committed only.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from './context.ts'
import type { Db } from './db.ts'
import { AppError } from './errors.ts'
import { named, type Statement } from './named.ts'
import { hasSqlstate } from './sqlstate.ts'

/** The select list that ends a statement with an effect. It stores the answer with the key and returns the position. */
export function answer(outcome: SQL): SQL {
  return sql`core.settled(${outcome}) as outcome, pg_current_xact_id_if_assigned()::text as position`
}

type Settled<Outcome> = { outcome: Outcome; position: string | null }

/** Runs a statement that changes something and returns its outcome. `db` carries settings when there are any. */
export async function effect<Outcome>(ctx: Ctx, statement: Statement, db: Db = ctx.db): Promise<Outcome> {
  return effects<Outcome>(ctx, [statement], db)
}

/** The same for several statements in one transaction and one round trip; the last one answers. */
export function effects<Outcome>(ctx: Ctx, statements: Statement[], db: Db = ctx.db): Promise<Outcome> {
  return orReplay(ctx, async () => {
    const called = await calledAlone(ctx, statements, db)
    if (called !== null) return settle<Outcome>(ctx, called)
    const begin = beginKey(ctx)
    const end = begin.length === 0 ? [] : [assertSettled()]
    const rows = await rowsOfAnswer(db, [...begin, ...statements, ...end], -1 - end.length)
    return settle<Outcome>(ctx, rows)
  })
}

/** The rows of a hot statement that is the whole transaction; its function takes the key. */
async function calledAlone(ctx: Ctx, statements: Statement[], db: Db): Promise<unknown[] | null> {
  const [only, ...more] = statements
  return only === undefined || more.length > 0 ? null : db.call(only, ctx.idempotency)
}

function settle<Outcome>(ctx: Ctx, rows: unknown[]): Outcome {
  // The row type is the promise of `answer` and of the verb's own SQL.
  const [settled] = rows as Settled<Outcome>[]
  if (settled === undefined) throw new Error('A statement with an effect returned no row')
  ctx.position = settled.position ?? ctx.position
  return settled.outcome
}

async function rowsOfAnswer(db: Db, statements: Statement[], at: number): Promise<unknown[]> {
  const [only, ...more] = statements
  if (only !== undefined && more.length === 0) return db.query(only)
  return (await db.batch(statements)).at(at) ?? []
}

/** Goes before an effect in its transaction, and ends the transaction when the key is used. Empty without a key. */
export function beginKey({ idempotency }: Ctx): Statement[] {
  if (idempotency === null) return []
  const { id, bodyHash, principal, route } = idempotency
  return [named('core.begin-key')`select core.begin_idempotent(${id}, ${bodyHash}, ${principal}, ${route})`]
}

/** Frees a key that this transaction only checked. */
export function dropKey({ idempotency }: Ctx): Statement[] {
  return idempotency === null
    ? []
    : [named('core.drop-key')`delete from core.idempotency_keys where id = ${idempotency.id}`]
}

/** Goes after the effect. It ends the transaction unless its key and its job run have an answer. */
export function assertSettled(): Statement {
  return named('core.assert-settled')`select core.assert_settled()`
}

/** The outcome of a transaction that starts with `beginKey`, or the stored outcome of an earlier one with its key. */
export async function orReplay<Outcome>(ctx: Ctx, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    if (hasSqlstate(error, 'LS002'))
      throw new AppError(
        'idempotency_key_reused',
        'This key belongs to a request with another body: send a new Idempotency-Key',
      )
    if (hasSqlstate(error, 'LS003'))
      throw new AppError(
        'in_progress',
        'Send the request again with the same Idempotency-Key to get its answer',
        {
          retryAfter: 1,
        },
      )
    if (!hasSqlstate(error, 'LS001')) throw error
    ctx.replayed = true
    ctx.position = error.place ?? null
    return JSON.parse(error.carried ?? 'null')
  }
}
