import { globSync, readdirSync } from 'node:fs'
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

/** The declarations of all rows of the schema. Core comes first, since every row may use it. */
export async function readSchemaFiles(folder = schemaFolder): Promise<Shape> {
  const shape: Shape = { tables: {}, declared: [] }
  for (const row of rowsOf(folder)) {
    for (const file of tableFiles(join(folder, row)))
      for (const [name, value] of Object.entries(await importOf(file))) shape.tables[`${row}.${name}`] = value
    const { declared } = await importOf(join(folder, row, 'declared.ts'))
    shape.declared.push(...declaredIn(declared, row))
  }
  refuseRepeats(shape.declared)
  return shape
}

/** The folders of the schema that hold tables. */
export function rowsOf(folder = schemaFolder): string[] {
  return readdirSync(folder)
    .filter((row) => tableFiles(join(folder, row)).length > 0)
    .sort((a, b) => Number(b === 'core') - Number(a === 'core') || a.localeCompare(b, 'en'))
}

/** `tables.ts` of a row, or one file for each noun in its folder `tables`. */
function tableFiles(row: string): string[] {
  return globSync(['tables.ts', 'tables/*.ts'], { cwd: row })
    .toSorted()
    .map((file) => join(row, file))
}

async function importOf(file: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(file).href)
}

// The makers of schema/kit make every element, so each has this shape. Checked all the same: a list of something else
// would be a silent omission.
function declaredIn(value: unknown, row: string): Declared[] {
  if (Array.isArray(value) && value.every((one) => 'kind' in one && 'create' in one && 'drop' in one))
    return value
  throw new Error(`schema/${row}/declared.ts exports no list of declared things as "declared"`)
}

function refuseRepeats(declared: Declared[]): void {
  const seen = new Set<string>()
  for (const { kind, name } of declared) {
    if (seen.has(`${kind} ${name}`)) throw new Error(`The ${kind} ${name} is declared twice`)
    seen.add(`${kind} ${name}`)
  }
}
