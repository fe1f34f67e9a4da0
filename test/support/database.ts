import pg from 'pg'
import { inject } from 'vitest'
import { urlOfDatabase } from '../../dev/postgres/urls.ts'
import { asWorker } from './as-worker.ts'
import { atTheEnd } from './at-the-end.ts'
import { bySocket } from './by-socket.ts'
import { maintenance } from './maintenance.ts'

export type TestDatabase = {
  name: string
  /** Straight to Postgres as the owner, who may do anything. */
  ownerUrl: string
  /** As the Worker's role: what it may not do fails here too. */
  workerUrl: string
  /** A pool of the owner's, for arranging and for looking. */
  admin: pg.Pool
  /** One more connection, for holding a lock or an open transaction; closed at the end. The owner's by default. */
  connect(url?: string): Promise<pg.Client>
}

let made = 0

/** A migrated database of this test file's own, gone when it ends. To be awaited at the top of the file. */
export async function freshDatabase(): Promise<TestDatabase> {
  const templateUrl = inject('templateUrl')
  const name = `test_${process.pid}_${++made}`
  // The default strategy writes each page of the template to the log first, which takes twice as long.
  await (await maintenance()).query(`create database ${name} template lockstep strategy file_copy`)
  const ownerUrl = urlOfDatabase(templateUrl, name)
  const admin = new pg.Pool({ connectionString: bySocket(ownerUrl), max: 5, idleTimeoutMillis: 0 })
  admin.on('error', () => undefined)
  const clients: pg.Client[] = []

  atTheEnd(async () => {
    await Promise.allSettled([admin.end(), ...clients.map((client) => client.end())])
    await (await maintenance()).query(`drop database ${name} with (force)`)
  })

  return {
    name,
    ownerUrl,
    workerUrl: asWorker(ownerUrl),
    admin,
    async connect(url = ownerUrl) {
      const client = new pg.Client({ connectionString: bySocket(url) })
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return client
    },
  }
}
