import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import type { BatchOptions } from '../../core/db.ts'
import { named, type Statement, withName } from '../../core/named.ts'
import { DatabaseError, retryOf } from '../../core/sqlstate.ts'
import type { Watch } from '../../core/watch.ts'

export type Answer<Row> = { ok: true; rows: Row[] } | { ok: false; why: string }
/** `verb`: the name of the statement. */
type Asked = { watch: Watch; verb: string; statement: SQL }

const readOnly: BatchOptions = { readOnly: true }
/** No statement of a rule or queue may take longer. */
const limitMs = 5_000

/**
 * The rows of each statement, read in one read-only batch. If the batch fails, each statement is repeated alone, so a
 * faulty one has no answer and the others have theirs.
 */
export async function readWatched<Row>(ctx: Ctx, asked: readonly Asked[]): Promise<Answer<Row>[]> {
  if (asked.length === 0) return []
  try {
    const names = settingsOf(asked)
    const statements = [timeLimit()]
    const places: number[] = []
    let before: Watch | null = null
    for (const { watch, verb, statement } of asked) {
      if (watch !== before) statements.push(...under(watch, names))
      before = watch
      places.push(statements.push(withName(verb, statement)) - 1)
    }
    const results = await ctx.db.batch(statements, readOnly)
    return places.map((place): Answer<Row> => ({ ok: true, rows: rowsOf<Row>(results[place] ?? []) }))
  } catch (error) {
    if (!(error instanceof DatabaseError) || !isAtFault(error)) throw error
    const answers: Answer<Row>[] = []
    for (const one of asked) answers.push(await readAlone<Row>(ctx, one))
    return answers
  }
}

/** One of the statements is at fault, or too slow. Without Postgres no statement would have an answer. */
function isAtFault({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '57014' || retryOf(sqlstate) === 'never'
}

async function readAlone<Row>(ctx: Ctx, { watch, verb, statement }: Asked): Promise<Answer<Row>> {
  try {
    const results = await ctx.db.batch(
      [timeLimit(), ...under(watch, settingsOf([{ watch }])), withName(verb, statement)],
      readOnly,
    )
    return { ok: true, rows: rowsOf<Row>(results.at(-1) ?? []) }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    ctx.log.error('alert rule', error, {})
    return {
      ok: false,
      why: error.sqlstate === null ? 'no answer from Postgres' : `SQLSTATE ${error.sqlstate}`,
    }
  }
}

/** The statement of a rule declares these columns, and its tests run it. */
function rowsOf<Row>(rows: unknown[]): Row[] {
  return rows as Row[]
}

function timeLimit(): Statement {
  return named('ops.read-watched')`select set_config('statement_timeout', ${String(limitMs)}, true)`
}

function settingsOf(asked: readonly Pick<Asked, 'watch'>[]): string[] {
  return [...new Set(asked.flatMap(({ watch }) => Object.keys(watch.settings ?? {})))]
}

/** The settings of one row; those of the others are blank for its statements. */
function under({ settings = {} }: Watch, names: readonly string[]): Statement[] {
  const calls = names.map((name) => sql`set_config(${name}, ${settings[name] ?? ''}, true)`)
  return calls.length === 0 ? [] : [named('ops.set-scope')`select ${sql.join(calls, sql`, `)}`]
}
