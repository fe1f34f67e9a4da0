import { inject } from 'vitest'
import { migrate } from '../../dev/migrations/migrate.ts'
import { type Cluster, startCluster } from '../../dev/postgres/cluster.ts'
import { type Standby, startStandby } from '../../dev/postgres/standby.ts'
import type { Settings } from '../../dev/postgres/tune.ts'
import { asWorker } from './as-worker.ts'
import { atTheEnd } from './at-the-end.ts'
import { freshFolder } from './folder.ts'

/** The connection strings of the migrated database of a server. */
type Urls = { ownerUrl: string; workerUrl: string }

export type TestCluster = Cluster & Urls & { folder: string }
export type TestStandby = Standby & Urls

/**
 * A server of this test file's own, for what belongs to a whole server: a restart, a standby, a limit. It is a copy of
 * the shared one before any test. It syncs nothing, because a killed server loses nothing that it has written; only a
 * power cut would. To be awaited at the top of the file; gone when that ends.
 */
export async function freshCluster(settings: Settings = {}): Promise<TestCluster> {
  const folder = freshFolder()
  const cluster = await startCluster({
    folder,
    password: inject('ownerPassword'),
    from: inject('preparedData'),
    settings: { fsync: 'off', ...settings },
  })
  atTheEnd(() => cluster.stop())
  const urls = urlsOf(cluster)
  // The copy has all migrations but for that of a mutant, which is younger.
  await migrate(urls.ownerUrl)
  return { ...cluster, ...urls, folder }
}

/** A streaming standby of a server of this test file's own, gone when the file ends. */
export async function freshStandby(primary: TestCluster, number: number): Promise<TestStandby> {
  const standby = await startStandby({ primary, password: inject('ownerPassword'), number })
  atTheEnd(() => standby.stop())
  return { ...standby, ...urlsOf(standby) }
}

function urlsOf(server: Pick<Cluster, 'url'>): Urls {
  const ownerUrl = server.url('lockstep')
  return { ownerUrl, workerUrl: asWorker(ownerUrl) }
}
