import pg from 'pg'
import { atTheEnd } from './at-the-end.ts'
import { freshCluster } from './cluster.ts'
import { freshWorker } from './worker.ts'

const unlimited = { limit: 1_000_000_000, period: 60 } as const

/**
 * A Worker on a server of its own, to be killed: it has written what it acknowledged, unlike the one that tests share.
 * To be awaited at the top of a file; gone when that ends.
 */
export async function mortalServer() {
  const cluster = await freshCluster()
  const { ownerUrl, workerUrl } = cluster
  const admin = new pg.Pool({ connectionString: ownerUrl, max: 5 })
  admin.on('error', () => undefined)
  atTheEnd(() => admin.end())
  const app = await freshWorker({
    database: {
      name: 'lockstep',
      ownerUrl,
      workerUrl,
      admin,
      connect: () => Promise.reject(new Error('This server is about to be killed')),
    },
    rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
  })
  return { cluster, admin, app }
}
