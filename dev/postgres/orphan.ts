import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine, isAlive, untilGone } from '../system/processes.ts'
import { readPostmaster } from './postmaster-file.ts'

/**
 * Stops the server that a killed run left on this data directory, and removes a stale lock file. After a container
 * restarts, the pid in that file often belongs to another program, which must not be touched.
 */
export async function stopOrphan(dataDir: string): Promise<void> {
  const file = readPostmaster(dataDir)
  if (!file) return
  if (isServerOf(dataDir, file.pid)) await stopServer(file.pid)
  rmSync(join(dataDir, 'postmaster.pid'), { force: true })
}

function isServerOf(dataDir: string, pid: number): boolean {
  return isAlive(pid) && commandLine(pid).includes(dataDir)
}

/** Tries a fast shutdown, then an immediate one, then a kill, so that a stuck server cannot block its caller. */
export async function stopServer(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isAlive(pid)) return
    process.kill(pid, signal)
    if (await untilGone([pid], 15_000)) return
  }
  throw new Error(`PostgreSQL with pid ${pid} does not stop.`)
}
