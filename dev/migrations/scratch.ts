import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../postgres/cluster.ts'
import { outsideFolder } from '../postgres/place.ts'

/** Works on an empty database of a Postgres that exists only for this. */
export async function onScratchDatabase<T>(work: (directUrl: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-scratch-'))
  chmodSync(folder, 0o755)
  try {
    const cluster = await startCluster({ folder, password: randomBytes(16).toString('hex') })
    try {
      return await work(cluster.url())
    } finally {
      await cluster.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(outsideFolder(folder), { recursive: true, force: true })
  }
}
