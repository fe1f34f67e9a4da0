import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Declared } from '../../schema/triggers.ts'

export type Shape = {
  /** Everything Drizzle understands, by `<file>.<export>`: two rows may use one name. */
  tables: Record<string, unknown>
  /** Everything else, in the order in which it must be created. */
  declared: Declared[]
}

const schemaFolder = join(import.meta.dirname, '../../schema')
const shared = ['columns.ts', 'triggers.ts']

/** What the schema files say now. Core comes first, since every row may use it. */
export async function readSchemaFiles(folder = schemaFolder): Promise<Shape> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !shared.includes(file))
    .sort((a, b) => Number(b === 'core.ts') - Number(a === 'core.ts') || a.localeCompare(b, 'en'))
  const shape: Shape = { tables: {}, declared: [] }
  for (const file of files) {
    const module: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href)
    for (const [name, value] of Object.entries(module)) {
      if (name.endsWith('Declared')) shape.declared.push(...declaredIn(value, `${file}: ${name}`))
      else shape.tables[`${file}.${name}`] = value
    }
  }
  refuseRepeats(shape.declared)
  return shape
}

// The lists are made by the makers of schema/triggers.ts, so every element has their shape; checked all the same,
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
