import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { type Cluster, startCluster } from '../postgres/cluster.ts'
import { outsideFolder } from '../postgres/place.ts'
import { connect } from './connection.ts'

/** Works on an empty database of a Postgres that exists only for this. */
export async function onScratchDatabase<T>(
  work: (directUrl: string, client: pg.Client) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-scratch-'))
  chmodSync(folder, 0o755)
  let cluster: Cluster | null = null
  async function clear(): Promise<void> {
    await cluster?.stop()
    for (const place of [folder, outsideFolder(folder)]) rmSync(place, { recursive: true, force: true })
  }
  // The server has a process group of its own: Ctrl-C reaches only us.
  const onInterrupt = () => void clear().finally(() => process.exit(130))
  process.once('SIGINT', onInterrupt)
  try {
    cluster = await startCluster({ folder, password: randomBytes(16).toString('hex') })
    const client = await connect(cluster.url())
    try {
      return await work(cluster.url(), client)
    } finally {
      await client.end()
    }
  } finally {
    process.off('SIGINT', onInterrupt)
    await clear()
  }
}
