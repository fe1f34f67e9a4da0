import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The contents of a running server's `postmaster.pid`: the pid in line 1, the port in line 4, the state in line 8. */
export function readPostmaster(dataDir: string): { pid: number; port: number; ready: boolean } | null {
  let text: string
  try {
    text = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8')
  } catch {
    return null
  }
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return null
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}
