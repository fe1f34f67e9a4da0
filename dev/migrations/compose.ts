import type pg from 'pg'
import { fileName } from './files.ts'
import type { Plan } from './plan.ts'
import { respell } from './spelling.ts'

/** A plan as files by name, the first numbered `next`: what a transaction can hold, then what it cannot. */
export function compose(
  { transactional, concurrent }: Plan,
  { name, next, reserved }: { name: string; next: number; reserved: ReadonlySet<string> },
): Map<string, string> {
  const text = (statements: string[]) => statements.map((sql) => `${spell(sql, reserved)};\n`).join('\n')
  const files = new Map<string, string>()
  if (transactional.length > 0) files.set(fileName(next, name), text(transactional))
  if (concurrent.length > 0) {
    const apart = files.size > 0 && !name.endsWith('_indexes') ? `${name}_indexes` : name
    files.set(fileName(next + files.size, apart), `-- no-transaction\n\n${text(concurrent)}`)
  }
  return files
}

/** The words that are no names unless quoted. */
export async function readReserved(client: pg.Client): Promise<Set<string>> {
  const { rows } = await client.query<{ word: string }>(
    `select word from pg_get_keywords() where catcode <> 'U'`,
  )
  return new Set(rows.map(({ word }) => word))
}

// Drizzle writes SQL in capitals. Declared SQL already reads as its author wants.
function spell(sql: string, reserved: ReadonlySet<string>): string {
  return /^[A-Z]+ /.test(sql) ? respell(sql, reserved) : sql
}
