import pg from 'pg'
import { migrate } from '../../dev/migrations/migrate.ts'
import { startCluster } from '../../dev/postgres/cluster.ts'
import { ensureDatabase, ensureWorkerRole, workerRole } from '../../dev/postgres/roles.ts'
import { urlAs } from '../../dev/postgres/urls.ts'
import { atTheEnd } from './at-the-end.ts'
import { freshFolder } from './folder.ts'
import { freshWorker } from './worker.ts'

const unlimited = { limit: 1_000_000_000, period: 60 } as const

/**
 * A Worker on a server of its own, to be killed: it has written what it acknowledged, unlike the one that tests share.
 * To be awaited at the top of a file; gone when that ends.
 */
export async function mortalServer() {
  const folder = freshFolder()
  // A killed server loses nothing that it has written. Only a power cut would, and syncing guards against that.
  const cluster = await startCluster({ folder, password: 'owner', settings: { fsync: 'off' } })
  atTheEnd(() => cluster.stop())
  const ownerUrl = cluster.url('lockstep')
  await ensureDatabase(cluster.url(), 'lockstep')
  await ensureWorkerRole(cluster.url(), 'worker')
  await migrate(ownerUrl)
  const admin = new pg.Pool({ connectionString: ownerUrl, max: 5 })
  admin.on('error', () => undefined)
  atTheEnd(() => admin.end())
  const app = await freshWorker({
    database: {
      name: 'lockstep',
      ownerUrl,
      workerUrl: urlAs(ownerUrl, { user: workerRole, password: 'worker' }),
      admin,
      connect: () => Promise.reject(new Error('This server is about to be killed')),
    },
    rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited },
  })
  return { folder, cluster, admin, app }
}
