import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrationsFolder } from './files.ts'
import { type Kept, nothingYet } from './plan.ts'

// Written by writeKept alone and kept under version control beside the migrations it sums up.
export function readKept(folder = migrationsFolder): Kept {
  const { tables, declared } = files(folder)
  if (!existsSync(tables)) return nothingYet
  return {
    tables: JSON.parse(readFileSync(tables, 'utf8')),
    declared: JSON.parse(readFileSync(declared, 'utf8')),
  }
}

export function writeKept(kept: Kept, folder = migrationsFolder): void {
  const { tables, declared } = files(folder)
  mkdirSync(join(folder, 'meta'), { recursive: true })
  writeFileSync(tables, `${JSON.stringify(kept.tables, null, 2)}\n`)
  writeFileSync(declared, `${JSON.stringify(kept.declared, null, 2)}\n`)
}

function files(folder: string) {
  return { tables: join(folder, 'meta', 'tables.json'), declared: join(folder, 'meta', 'declared.json') }
}
