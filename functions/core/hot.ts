/**
 * A statement that is sent so often that Postgres keeps its plan.
 *
 * Over HTTP no prepared statement survives a request, so Postgres parses and plans a statement anew each time, which is
 * half of what a claim costs. A function keeps its plan in the pooled session. So each marked statement also exists as a
 * function, and the Worker calls that with the same parameters. The idempotency key and the tenant are parameters too:
 * a keyed request is one statement instead of five.
 * Guarantee: the function contains the very text of the statement, because its name carries a hash of that text. If the
 * text changes, the name changes, and a Worker never calls a function with another text.
 * How a caller loses: not at all. If the database lacks the function, the caller sends the text. The log says so once per
 * isolate, and `/readyz` names the function.
 * The caller must list every marked text in `functions/<row>/hot.ts`; the migrations make functions from these lists.
 */
import { createHash } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { hotFunctions } from '../../schema/migrations/hot.ts'
import { makeLog } from './log.ts'
import { commented, type Statement, withName } from './named.ts'

/** Runs in the function before the statement, with a snapshot of its own, if `when` answers true. */
type First = { when: SQL; run: SQL }
type Mark = { verb: string; first: First | undefined }

type Piece = { text: string; params: unknown[] }

/** The parameters of the function are those of its statement, then those of `when` and of `run`. */
export type Compiled = {
  /** Schema and name of the function, as in `row.hot_verb_0a1b2c3d`. */
  name: string
  statement: Piece
  first: { when: Piece; run: Piece } | null
}

/** The settings that a function can apply; a statement with others is sent as text. */
const tenantSetting = 'app.tenant_id'

const dialect = new PgDialect()
const marks = new WeakMap<SQL, Mark>()
const names = new Map<string, string>()
/** Functions that this isolate found missing. The database gets them with its next migration. */
const missing = new Set<string>()

/** Marks a statement as hot. `verb` is its name: row and verb, as in `row.verb`. */
export function hot(verb: string, statement: SQL, first?: First): Statement {
  marks.set(statement, { verb, first })
  return withName(verb, statement)
}

/** The function that a marked statement is, or null for a statement without a mark. */
export function compileHot(statement: SQL): Compiled | null {
  const mark = marks.get(statement)
  if (mark === undefined) return null
  const own = compile(statement)
  if (mark.first === undefined) return { name: nameOf(mark.verb, own.text), statement: own, first: null }
  const first = { when: compile(mark.first.when), run: compile(mark.first.run) }
  const text = [own.text, first.when.text, first.run.text].join('\n;\n')
  return { name: nameOf(mark.verb, text), statement: own, first }
}

function compile(statement: SQL): Piece {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  return { text, params }
}

/** The members of an idempotency key that a function takes. */
export type Key = { id: string; bodyHash: string; principal: string; route: string }

type With = { key: Key | null; settings: Record<string, string> }

/** The call of the function with its parameters, or null if the statement has to be sent as text. */
export function callOf(
  statement: Statement,
  { key, settings }: With,
): { name: string; text: string; params: unknown[] } | null {
  const { [tenantSetting]: tenant = null, ...others } = settings
  if (Object.keys(others).length > 0) return null
  const compiled = compileHot(statement)
  if (compiled === null || !hotFunctions.has(compiled.name) || missing.has(compiled.name)) return null
  const { id = null, bodyHash = null, principal = null, route = null } = key ?? {}
  const { statement: own, first } = compiled
  const params = [
    ...own.params,
    ...(first?.when.params ?? []),
    ...(first?.run.params ?? []),
    id,
    bodyHash,
    principal,
    route,
    tenant,
  ]
  const places = params.map((_, at) => `$${at + 1}`).join(', ')
  const text = commented(`select * from ${compiled.name}(${places})`, statement.verb)
  return { name: compiled.name, text, params }
}

/** Notes that the database lacks this function, so that this isolate sends the text from now on. */
export function noteMissing(name: string): void {
  if (missing.has(name)) return
  missing.add(name)
  makeLog({}).info('hot function is missing', { function: name })
}

/** The functions that this Worker would call and this isolate found missing. */
export function missingFunctions(): string[] {
  return [...missing].sort()
}

function nameOf(verb: string, text: string): string {
  const marked = `${verb}\n${text}`
  const known = names.get(marked)
  if (known !== undefined) return known
  const [row = '', action = ''] = verb.split('.')
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
  const name = `${row}.hot_${action.replaceAll('-', '_')}_${hash}`
  names.set(marked, name)
  return name
}
