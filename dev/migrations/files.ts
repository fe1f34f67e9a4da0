import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { linesOf, splitStatements } from './statements.ts'

export type Migration = {
  version: number
  name: string
  file: string
  sql: string
  checksum: string
  /** False for what Postgres refuses inside a transaction: building an index while others write. */
  transactional: boolean
}

export const migrationsFolder = join(import.meta.dirname, '../../schema/migrations')

/** The migrations of a folder in order. Numbers rise by one, so that a file lost in a merge is noticed. */
export function readMigrations(folder = migrationsFolder): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
  const named = files.map((file, index) => {
    const [, number, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? []
    if (number === undefined || name === undefined) {
      throw new Error(`${file}: a migration is called like 0007_what_changes.sql`)
    }
    if (Number(number) !== index + 1) {
      throw new Error(
        `${file}: expected number ${fourDigits(index + 1)} here; numbers have no gap and no repeat`,
      )
    }
    return { version: index + 1, name, file }
  })
  return named.map((one) => parseMigration({ ...one, sql: readFileSync(join(folder, one.file), 'utf8') }))
}

export function fileName(version: number, name: string): string {
  return `${fourDigits(version)}_${name}.sql`
}

// A checkout or an editor on Windows may turn line ends and add a byte order mark; that is no edit.
function parseMigration(read: Omit<Migration, 'checksum' | 'transactional'>): Migration {
  const sql = read.sql.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
  const [first] = splitStatements(sql)
  // Recorded as applied, such a file would hide that nothing ran.
  if (first === undefined) throw new Error(`${read.file}: holds no statement`)
  return {
    ...read,
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    transactional: !hasDirective(read.file, sql, first.line),
  }
}

/** Whether a comment before the first statement says `no-transaction`. Later it would be read by nobody. */
function hasDirective(file: string, sql: string, firstLine: number): boolean {
  const at = linesOf(sql).findIndex((line) => /^\s*--\s*no-transaction\s*$/i.test(line))
  if (at === -1) return false
  if (at + 1 < firstLine) return true
  throw new Error(`${file}:${at + 1}: "-- no-transaction" must stand before the first statement`)
}

function fourDigits(version: number): string {
  return String(version).padStart(4, '0')
}
