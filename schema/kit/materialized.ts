import { type Declared, trigger } from './declare.ts'

/**
 * A materialized view with what it needs to be refreshed without blocking its readers: a unique index over plain columns
 * of all rows. One declaration, because a view that changes is dropped and made anew, and its index goes with it.
 * `query` names its functions with their schema: a refresh runs with an empty search path.
 */
export function materializedView({
  name,
  query,
  unique,
  readBy,
  serves,
}: {
  name: string
  query: string
  unique: string[]
  readBy: string
  serves: string
}): Declared {
  const [schema, view] = name.split('.')
  const create = [
    `create materialized view ${name} as\n${query.trim()}`,
    `create unique index ${view}_key on ${name} (${unique.join(', ')})`,
    `comment on index ${schema}.${view}_key is 'refreshes without blocking readers; ${serves}'`,
    `grant select on ${name} to ${readBy}`,
  ]
  return { kind: 'view', name, create: create.join(';\n'), drop: `drop materialized view ${name}` }
}

/** Counts the writing statements of a table that a materialized view reads, so that an unchanged one is told apart. */
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
