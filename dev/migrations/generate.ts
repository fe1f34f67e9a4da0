import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { isMain } from '../system/main-module.ts'
import { compose, readReserved } from './compose.ts'
import { dump } from './dump.ts'
import { fileName, migrationsFolder, readMigrations } from './files.ts'
import { hotModule, planHot, readHotStatements } from './hot.ts'
import { readKept, writeKept } from './kept.ts'
import { migrate } from './migrate.ts'
import { type Plan, plan } from './plan.ts'
import { readSchemaFiles } from './schema-files.ts'
import { onScratchDatabase } from './scratch.ts'

export const schemaSql = join(migrationsFolder, '../schema.sql')
export const latestModule = join(migrationsFolder, 'index.ts')
export const hotModuleFile = join(migrationsFolder, 'hot.ts')

/**
 * Writes the difference between the migrations and the schema files as new migrations, tries all of them on an empty
 * database, then rewrites what is derived from them. It keeps no file that fails there. Returns the names of new files.
 */
async function generate(name: string | undefined): Promise<string[]> {
  const planned = await plan(readKept(), await readSchemaFiles())
  if (planned !== null && !/^[a-z][a-z0-9_]*$/.test(name ?? '')) {
    throw new Error('There is a difference. Name it: npm run db:generate -- --name what_changes')
  }
  return onScratchDatabase(async (url, client) => {
    const files = await tryOut(url, await filesOf(planned, name ?? '', client))
    if (planned !== null) writeKept(planned.now)
    files.push(...(await generateHot(url, client)))
    writeFileSync(latestModule, latestMigrationModule())
    writeFileSync(schemaSql, await dump(client))
    return files
  })
}

/** Writes the files and applies them. Returns their names, or keeps none of them if one fails. */
async function tryOut(url: string, files: Map<string, string>): Promise<string[]> {
  for (const [file, sql] of files) writeFileSync(join(migrationsFolder, file), sql, { flag: 'wx' })
  try {
    await migrate(url)
  } catch (error) {
    for (const file of files.keys()) rmSync(join(migrationsFolder, file))
    throw error
  }
  return [...files.keys()]
}

/** The functions of hot statements depend on all tables, so their migration comes after those of the tables. */
async function generateHot(url: string, client: pg.Client): Promise<string[]> {
  const statements = await readHotStatements()
  const sql = await planHot(client, statements)
  writeFileSync(hotModuleFile, hotModule(statements.map(({ name }) => name)))
  if (sql.length === 0) return []
  const file = fileName(readMigrations().length + 1, 'hot_statements')
  return tryOut(url, new Map([[file, sql.map((one) => `${one};\n`).join('\n')]]))
}

async function filesOf(planned: Plan | null, name: string, client: pg.Client): Promise<Map<string, string>> {
  if (planned === null) return new Map()
  return compose(planned, { name, next: readMigrations().length + 1, reserved: await readReserved(client) })
}

/** The one fact that the Worker has about migrations: which one it needs. */
export function latestMigrationModule(): string {
  const { version, name } = readMigrations().at(-1) ?? { version: 0, name: 'none' }
  return `// Written by "npm run db:generate".\nexport const latestMigration = { version: ${version}, name: '${name}' } as const\n`
}

if (isMain(import.meta)) {
  try {
    const { values } = parseArgs({ options: { name: { type: 'string' } } })
    const written = await generate(values.name)
    for (const file of written) console.log(`schema/migrations/${file}`)
    if (written.length === 0) console.log('No difference: the migrations make what the schema files say.')
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
