import { chmodSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { atTheEnd } from './at-the-end.ts'
import { nestedPrefix, removeRun } from './runs.ts'

/**
 * A folder for a server or a system of this test file's own; what runs there is stopped when the file ends, or by the
 * next test run if this one is killed. Call it at the top of the file.
 */
export function freshFolder(): string {
  const folder = mkdtempSync(join(inject('runFolder'), nestedPrefix))
  // The user that Postgres runs as must get in.
  chmodSync(folder, 0o755)
  atTheEnd(() => removeRun(folder))
  return folder
}
