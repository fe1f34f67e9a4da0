import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Whether node was started with this module as its program. */
export function isMain(meta: ImportMeta): boolean {
  const [, program] = process.argv
  return program !== undefined && realpathSync(program) === fileURLToPath(meta.url)
}
