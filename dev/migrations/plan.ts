import type { Declared } from '../../schema/kit/declare.ts'
import { diffDeclared } from './diff-declared.ts'
import { diffTables, type Snapshot, snapshotOf } from './diff-tables.ts'
import type { Shape } from './schema-files.ts'

export type Kept = { tables: Snapshot; declared: Declared[] }

/** Statements for one transaction, then those that must run outside of any. */
export type Plan = { transactional: string[]; concurrent: string[]; now: Kept }

export const nothingYet: Kept = { tables: snapshotOf({}), declared: [] }

/** The way from what the migrations make to what the schema files say; null if they say the same. */
export async function plan(before: Kept, shape: Shape): Promise<Plan | null> {
  const now: Kept = { tables: snapshotOf(shape.tables), declared: shape.declared }
  const { dropped, created } = diffDeclared(before.declared, now.declared)
  const tables = (await diffTables(before.tables, now.tables)).map((sql) => cut(sql, created))
  refuseRecutting(
    created.filter(({ kind }) => kind === 'partitioning'),
    tables,
  )

  const made = created.filter(({ kind }) => kind !== 'partitioning')
  const early = made.filter(isEarly)
  const late = made.filter((one) => !isEarly(one))
  const transactional = [
    ...tables.filter(makesSchema),
    ...early.flatMap(creation),
    ...dropped.filter((one) => !isEarly(one) && !one.concurrently).map(removal),
    ...tables.filter((sql) => !makesSchema(sql) && !dropsSchema(sql) && !isIndex(sql)),
    ...dropped.filter(isEarly).map(removal),
    ...tables.filter(dropsSchema),
    ...late.filter((one) => !one.concurrently).flatMap(creation),
  ].filter((sql) => sql !== '')
  const concurrent = [
    ...dropped.filter((one) => one.concurrently).map(removal),
    ...tables.filter(isIndex).map(concurrently),
    ...late.filter((one) => one.concurrently).flatMap(creation),
  ].filter((sql) => sql !== '')
  return transactional.length + concurrent.length === 0 ? null : { transactional, concurrent, now }
}

function isEarly({ beforeTables }: Declared): boolean {
  return beforeTables === true
}

function creation({ create, comment = '' }: Declared): string[] {
  return [create, comment].filter((sql) => sql !== '')
}

function removal({ drop }: Declared): string {
  return drop
}

function makesSchema(sql: string): boolean {
  return sql.startsWith('CREATE SCHEMA ')
}

function dropsSchema(sql: string): boolean {
  return sql.startsWith('DROP SCHEMA ')
}

function isIndex(sql: string): boolean {
  return /^(CREATE (UNIQUE )?|DROP )INDEX/.test(sql)
}

function concurrently(sql: string): string {
  return sql
    .replace(
      /^(CREATE (?:UNIQUE )?INDEX)(?: CONCURRENTLY)?(?: IF NOT EXISTS)? /,
      '$1 CONCURRENTLY IF NOT EXISTS ',
    )
    .replace(/^DROP INDEX(?: CONCURRENTLY)?(?: IF EXISTS)? /, 'DROP INDEX CONCURRENTLY IF EXISTS ')
}

// Drizzle knows no partitioned tables: the clause goes behind the table it is declared for.
function cut(sql: string, created: Declared[]): string {
  const table = tableCreatedBy(sql)
  const partitioning = created.find(({ kind, name }) => kind === 'partitioning' && name === table)
  return partitioning === undefined ? sql : `${sql} ${partitioning.create}`
}

function refuseRecutting(partitionings: Declared[], tables: string[]): void {
  for (const { name } of partitionings) {
    if (!tables.some((sql) => tableCreatedBy(sql) === name)) {
      throw new Error(
        `${name}: Postgres cannot partition a table that exists. Make another, move the rows, rename.`,
      )
    }
  }
}

function tableCreatedBy(sql: string): string | null {
  const [, schema, table] = /^CREATE TABLE "(\w+)"\."(\w+)"/.exec(sql) ?? []
  return table === undefined ? null : `${schema}.${table}`
}
