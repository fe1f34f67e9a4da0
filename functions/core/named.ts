/**
 * The name of a statement: its row and its verb, as in `row.verb`.
 *
 * `Db` accepts no statement without a name. It stands behind the first keyword of the text that Postgres gets, because
 * pg_stat_statements drops a comment before it, and pg_stat_activity cuts one at the end. Fragments have no name. A
 * check finds a name that two statements have.
 */
import { type SQL, sql } from 'drizzle-orm'

export type Statement = SQL & { readonly verb: string }

/** The tag of a statement: named('row.verb')`select …`. */
export function named(verb: string): (texts: TemplateStringsArray, ...values: unknown[]) => Statement {
  return (texts, ...values) => withName(verb, sql(texts, ...values))
}

export function withName(verb: string, statement: SQL): Statement {
  return Object.assign(statement, { verb })
}

/** With the lines of comment before it. */
const firstKeyword = /^(?:\s|--.*\n)*\w+/

export function commented(text: string, verb: string): string {
  return text.replace(firstKeyword, (keyword) => `${keyword} /* ${verb} */`)
}

/** A transaction counts under the first name that is not one of core's. */
export function nameOfAll(statements: readonly Statement[]): string {
  const verbs = statements.map(({ verb }) => verb)
  return verbs.find((verb) => !verb.startsWith('core.')) ?? verbs[0] ?? 'core.nothing'
}
