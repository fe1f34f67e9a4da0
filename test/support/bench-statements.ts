import { parseSync, Visitor } from 'oxc-parser'
import type pg from 'pg'
import { lineOf, type Tree, textFiles } from '../../dev/check/tree.ts'

/** Stands where the text is put together at run time. */
const hole = '\u0001'

/** A label such as 'update by primary key' is none. */
const isStatement =
  /^(select\s[\s\S]*[\s()](from|as)\s|insert into\s|update\s\S+(\s\w+)?\sset\s|delete from\s|merge into\s|with\s[\s\S]*\sas\s|truncate\s)/

export type BenchStatement = { where: string; text: string }

/** The SQL statements in the literals of the benchmarks. */
export function benchStatements(tree: Tree): BenchStatement[] {
  return textFiles(tree, '.ts')
    .filter((path) => path.startsWith('bench/'))
    .flatMap((path) => {
      const text = tree.read(path)
      const literals: { at: number; sql: string }[] = []
      new Visitor({
        Literal: ({ start, value }) => {
          if (typeof value === 'string') literals.push({ at: start, sql: value })
        },
        TemplateLiteral: ({ start, quasis }) =>
          literals.push({ at: start, sql: quasis.map(({ value }) => value.cooked).join(hole) }),
      }).visit(parseSync(path, text).program)
      return literals.flatMap(({ at, sql }) =>
        sql
          .split(/;\s*(?:\n|$)/)
          .map((one) => one.trim())
          .filter((one) => isStatement.test(one))
          .map((one) => ({ where: `${path}:${lineOf(text, at)}`, text: one })),
      )
    })
}

/**
 * Null if Postgres plans the statement in a migrated database, else its error. Postgres may be unable to plan a statement
 * with a hole, or over a benchmark's own tables. Then its names in our schemas must exist.
 */
export async function faultOf(database: pg.Pool, statement: string): Promise<string | null> {
  const incomplete = statement.includes(hole) || /%[LIs]/.test(statement)
  const error = statement.startsWith('truncate') ? null : await planned(database, statement)
  if (error === null) return missingName(database, statement)
  const others = ['42P01', '3F000'].includes(error.code)
  if (error.code !== '42703' && (incomplete || others)) return missingName(database, statement)
  return error.message
}

async function planned(
  database: pg.Pool,
  statement: string,
): Promise<{ code: string; message: string } | null> {
  let last = Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)))
  const filled = statement.replaceAll(hole, () => `$${++last}`)
  try {
    await database.query(`explain (generic_plan) ${filled}`)
    return null
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    return { code: String(error.code), message: error.message }
  }
}

async function missingName(database: pg.Pool, statement: string): Promise<string | null> {
  const { rows } = await database.query<{ missing: string }>(
    `
    select named[1] || '.' || named[2] as missing
    from regexp_matches($1, '(?<![\\w.$])([a-z_]+)\\.([a-z_]\\w*)(?![\\w' || chr(1) || '])', 'g') named
    join pg_namespace n on n.nspname = named[1] and n.nspname not like 'pg\\_%' and n.nspname <> 'public'
    where not exists (select from pg_class c where c.relnamespace = n.oid and c.relname = named[2])
      and not exists (select from pg_proc p where p.pronamespace = n.oid and p.proname = named[2])
      and not exists (select from pg_type t where t.typnamespace = n.oid and t.typname = named[2])
    limit 1`,
    [statement],
  )
  return rows[0] === undefined ? null : `${rows[0].missing} does not exist`
}
