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
import { DatabaseError, hasSqlstate } from './sqlstate.ts'

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
export async function effects<Outcome>(ctx: Ctx, statements: SQL[], db: Db = ctx.db): Promise<Outcome> {
  const rows = await (ctx.idempotency === null ? bare : keyed)(ctx, statements, db)
  // The row type is the promise of `answer` and of the verb's own SQL.
  const [settled] = rows as Settled<Outcome>[]
  if (settled === undefined) throw new Error('A statement with an effect answered no row')
  ctx.position = settled.position ?? ctx.position
  return settled.outcome
}

async function bare(_ctx: Ctx, statements: SQL[], db: Db): Promise<unknown[]> {
  const [only, ...more] = statements
  if (only !== undefined && more.length === 0) return db.query(only)
  return (await db.batch(statements)).at(-1) ?? []
}

async function keyed(ctx: Ctx, statements: SQL[], db: Db): Promise<unknown[]> {
  const { id, bodyHash, principal, route } = ctx.idempotency ?? unkeyed()
  const begin = sql`select core.begin_idempotent(${id}, ${bodyHash}, ${principal}, ${route})`
  const end = sql`select core.end_idempotent(${id})`
  try {
    return (await db.batch([begin, ...statements, end])).at(-2) ?? []
  } catch (error) {
    if (hasSqlstate(error, 'LS001')) return replay(ctx, error)
    if (hasSqlstate(error, 'LS002')) throw new AppError('idempotency_key_reused')
    if (hasSqlstate(error, 'LS003')) throw new AppError('in_progress', undefined, { retryAfter: 1 })
    throw error
  }
}

function replay(ctx: Ctx, { detail }: DatabaseError): unknown[] {
  ctx.replayed = true
  return [{ outcome: JSON.parse(detail ?? 'null'), position: null }]
}

function unkeyed(): never {
  throw new Error('keyed() needs a request with an idempotency key')
}
