import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeOutside } from '../../dev/postgres/place.ts'
import { stopServersOf, stopWorkerd } from '../../dev/system/leftovers.ts'
import { isAlive } from '../../dev/system/processes.ts'

const prefix = 'lockstep-test-'
/** Names the folders within a run's that hold a server of their own. */
export const nestedPrefix = 'folder-'

/** Clears away what test runs left that were killed before they could. */
export async function sweepDeadRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN
    if (Number.isInteger(pid) && !isAlive(pid)) await removeRun(join(tmpdir(), name))
  }
}

/** Stops every process that still runs for this folder and deletes it. */
export async function removeRun(folder: string): Promise<void> {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (name.startsWith('workerd-')) await stopWorkerd(`127.0.0.1:${name.slice('workerd-'.length)}`)
    if (name.startsWith(nestedPrefix)) await removeRun(join(folder, name))
  }
  await stopServersOf(folder)
  rmSync(folder, { recursive: true, force: true })
  removeOutside(folder)
}

/** Notes that a workerd listens here, in case nobody gets to stop it; the result forgets it again. */
export function noteWorkerd(folder: string, address: string): () => void {
  const note = join(folder, `workerd-${address.split(':').at(-1)}`)
  writeFileSync(note, '')
  return () => rmSync(note, { force: true })
}
