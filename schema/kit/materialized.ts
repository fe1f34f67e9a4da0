import { type Declared, trigger } from './declare.ts'

export type MaterializedView = {
  name: string
  /** The whole `create materialized view …`. It names functions with their schema: a refresh has no search path. */
  create: string
  /** Plain columns that identify a row: a refresh that blocks no reader needs them. */
  unique: string[]
  readBy?: string
  /** The query that the view serves; Postgres keeps it as the comment of the unique index. */
  serves?: string
}

/** One declaration for the view, its unique index and its grant: a changed view is dropped, and both go with it. */
export function materializedView({ name, create, unique, readBy, serves }: MaterializedView): Declared {
  const [schema, view] = name.split('.')
  const statements = [
    create,
    `create unique index ${view}_key on ${name} (${unique.join(', ')})`,
    serves && `comment on index ${schema}.${view}_key is 'refreshes without blocking readers; ${serves}'`,
    readBy && `grant select on ${name} to ${readBy}`,
  ]
  return {
    kind: 'view',
    name,
    create: statements.filter((one) => one !== undefined).join(';\n'),
    drop: `drop materialized view ${name}`,
  }
}

/** Counts the statements that write to a table of a materialized view. While no count moves, no refresh is needed. */
export function countedSource(table: string): Declared[] {
  const counting = (verb: 'insert' | 'update' | 'delete', rows: 'new' | 'old') =>
    trigger({
      name: `count_${verb}s`,
      table,
      fires: `after ${verb}`,
      referencing: `${rows} table as changed`,
      forEach: 'statement',
      execute: 'core.count_writes()',
    })
  const emptied = trigger({
    name: 'count_truncations',
    table,
    fires: 'after truncate',
    forEach: 'statement',
    execute: 'core.count_writes()',
  })
  return [counting('insert', 'new'), counting('update', 'new'), counting('delete', 'old'), emptied]
}
