import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Declared, sqlFunction, sqlView } from './declare.ts'
import { type MaterializedView, materializedView } from './materialized.ts'

/**
 * Declares the functions and views of one row from the `.sql` files of its folder. A file holds one statement and has
 * the name of what it creates: `core.settled(jsonb)` is `schema/core/settled.sql`. The comment above the statement is
 * for readers of the file; Postgres does not get it, so a change of it is no difference.
 */
export function filesOf(folder: string) {
  return {
    functionFile: (name: string, options: { executeBy?: string; beforeTables?: boolean } = {}): Declared =>
      sqlFunction({ name, create: creating('function', name, folder), ...options }),

    viewFile: (name: string): Declared => sqlView({ name, create: creating('view', name, folder) }),

    materializedViewFile: (name: string, options: Omit<MaterializedView, 'name' | 'create'>): Declared =>
      materializedView({ name, create: creating('materialized view', name, folder), ...options }),

    /** The whole `create or replace function …`, for a maker that declares the function itself. */
    createdIn: (name: string): string => creating('function', name, folder),

    /** A query for a maker that embeds it, indented as deep as the maker's own. */
    queryIn: (file: string): string => `\n${statementIn(join(folder, file)).replaceAll(/^/gm, '    ')}`,
  }
}

function creating(kind: string, name: string, folder: string): string {
  const created = name.replace(/\(.*$/, '')
  const [schema, object] = created.split('.')
  if (schema !== basename(folder))
    throw new Error(`${name}: schema/${basename(folder)} declares only its own`)
  const statement = statementIn(join(folder, `${object}.sql`))
  if (!new RegExp(`^create (or replace )?${kind} ${created}\\b`).test(statement)) {
    throw new Error(`${join(folder, `${object}.sql`)} does not create the ${kind} ${created}`)
  }
  return statement
}

// A checkout on Windows may turn line ends; that is no difference.
function statementIn(file: string): string {
  const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  return text
    .replace(/^(--.*\n)*/, '')
    .trim()
    .replace(/;$/, '')
}
