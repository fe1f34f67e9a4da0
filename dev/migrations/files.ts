import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

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
  return files.map((file, index) => {
    const [, number, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? []
    if (number === undefined || name === undefined) {
      throw new Error(`${file}: a migration is called like 0007_what_changes.sql`)
    }
    if (Number(number) !== index + 1) {
      throw new Error(
        `${file}: expected number ${fourDigits(index + 1)} here; numbers have no gap and no repeat`,
      )
    }
    return parseMigration({ version: index + 1, name, file, sql: readFileSync(join(folder, file), 'utf8') })
  })
}

export function fileName(version: number, name: string): string {
  return `${fourDigits(version)}_${name}.sql`
}

// A checkout on Windows may turn line ends; that is no edit.
function parseMigration(read: Omit<Migration, 'checksum' | 'transactional'>): Migration {
  const sql = read.sql.replaceAll('\r\n', '\n')
  return {
    ...read,
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    transactional: !sql.startsWith('-- no-transaction\n'),
  }
}

function fourDigits(version: number): string {
  return String(version).padStart(4, '0')
}
