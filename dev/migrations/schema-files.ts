import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Declared } from '../../schema/kit/declare.ts'

export type Shape = {
  /** Everything Drizzle understands, by `<row>.<export>`: two rows may use one name. */
  tables: Record<string, unknown>
  /** Everything else, in the order in which it must be created. */
  declared: Declared[]
}

const schemaFolder = join(import.meta.dirname, '../../schema')

/** What the schema's folders declare now, a row a folder. Core comes first, since every row may use it. */
export async function readSchemaFiles(folder = schemaFolder): Promise<Shape> {
  const rows = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'tables.ts')))
    .map(({ name }) => name)
    .sort((a, b) => Number(b === 'core') - Number(a === 'core') || a.localeCompare(b, 'en'))
  const shape: Shape = { tables: {}, declared: [] }
  for (const row of rows) {
    for (const [name, value] of Object.entries(await load(join(folder, row, 'tables.ts'))))
      shape.tables[`${row}.${name}`] = value
    for (const [name, value] of Object.entries(await load(join(folder, row, 'declared.ts'))))
      shape.declared.push(...declaredIn(value, `${row}: ${name}`))
  }
  refuseRepeats(shape.declared)
  return shape
}

async function load(file: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(file).href)
}

// The lists are made by the makers of schema/kit/declare.ts, so every element has their shape; checked all the same,
// because a list of something else under such a name would be a silent omission.
function declaredIn(value: unknown, where: string): Declared[] {
  if (Array.isArray(value) && value.every((one) => 'kind' in one && 'create' in one && 'drop' in one))
    return value
  throw new Error(`${where} is no list of declared things`)
}

function refuseRepeats(declared: Declared[]): void {
  const seen = new Set<string>()
  for (const { kind, name } of declared) {
    if (seen.has(`${kind} ${name}`)) throw new Error(`The ${kind} ${name} is declared twice`)
    seen.add(`${kind} ${name}`)
  }
}
