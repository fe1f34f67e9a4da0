import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reads the functions and views of a row: one file each, without the comment on its top. */
export function sqlFiles(folder: string): (name: string) => string {
  return (name) => readFileSync(join(folder, `${name}.sql`), 'utf8').replace(/^(?:--[^\n]*\n|\s*\n)+/, '')
}
