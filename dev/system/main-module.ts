import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Whether this module is the program that node was asked to run. */
export function isMain(meta: ImportMeta): boolean {
  const [, program] = process.argv
  return program !== undefined && realpathSync(program) === fileURLToPath(meta.url)
}
