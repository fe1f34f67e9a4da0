import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { startNeonProxy } from '../../dev/neon-proxy/server.ts'
import { startCluster } from '../../dev/postgres/cluster.ts'
import { urlAs } from '../../dev/postgres/urls.ts'
import { makeDb } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { atTheEnd } from '../support/at-the-end.ts'
import { freshFolder } from '../support/folder.ts'
import { freshPgbouncer, poolerAuths, through } from '../support/pgbouncer.ts'
import { sent } from '../support/sent.ts'

const methods = ['scram-sha-256', 'md5', 'password', 'trust'] as const
const role = (method: string) => `by_${method.replaceAll('-', '_')}`

const folder = freshFolder()
const access = join(folder, 'access.conf')
writeFileSync(
  access,
  [
    ...methods.map((method) => `host all ${role(method)} 127.0.0.1/32 ${method}`),
    'host all postgres all scram-sha-256',
  ]
    .join('\n')
    .concat('\n'),
  { mode: 0o644 },
)
const cluster = await startCluster({
  folder,
  password: 'owner',
  settings: { hba_file: access, fsync: 'off' },
})
atTheEnd(() => cluster.stop())
const owner = new pg.Client({ connectionString: cluster.url() })
await owner.connect()
for (const method of methods) {
  const stored = method === 'md5' ? 'md5' : 'scram-sha-256'
  await owner.query(`set password_encryption = '${stored}'; create role ${role(method)} login password 'p'`)
}
await owner.end()

/** Asks both ways who is logged in: by a query over HTTP and in an interactive transaction over a WebSocket. */
async function whoIs(url: string): Promise<unknown[]> {
  const proxy = await startNeonProxy({ databaseUrl: url })
  try {
    const db = makeDb(url, makeMetrics(), { proxy: proxy.address })
    const asked = sent`select current_user::text as name`
    return [await db.query(asked), await db.transaction((tx) => tx.query(asked))]
  } finally {
    await proxy.close()
  }
}

const urlBy = (method: string, password = 'p') => urlAs(cluster.url(), { user: role(method), password })

describe('queries and interactive transactions reach a Postgres that', () => {
  it.each(methods)('requires %s', async (method) => {
    expect(await whoIs(urlBy(method))).toEqual([[{ name: role(method) }], [{ name: role(method) }]])
  })

  it.each(poolerAuths)('stands behind a PgBouncer that requires %s', async (auth) => {
    const pooler = await freshPgbouncer(cluster.url(), auth, { [role('scram-sha-256')]: 'p' })
    const name = role('scram-sha-256')
    expect(await whoIs(through(pooler, urlBy('scram-sha-256')))).toEqual([[{ name }], [{ name }]])
  })
})

it.each(['scram-sha-256', 'md5', 'password'])(
  'refuses a wrong password where Postgres requires %s',
  async (method) => {
    const url = urlBy(method, 'wrong')
    const proxy = await startNeonProxy({ databaseUrl: url })
    atTheEnd(() => proxy.close())
    const db = makeDb(url, makeMetrics(), { proxy: proxy.address })
    await expect(db.query(sent`select 1`)).rejects.toThrow('password authentication failed')
    await expect(db.transaction((tx) => tx.query(sent`select 1`))).rejects.toThrow(
      'password authentication failed',
    )
  },
)

it('the embedded cluster takes no password in clear text', async () => {
  const plain = await startCluster({ folder: freshFolder(), password: 'owner', settings: { fsync: 'off' } })
  atTheEnd(() => plain.stop())
  const client = new pg.Client({ connectionString: plain.url() })
  await client.connect()
  const { rows } = await client.query('select distinct auth_method from pg_hba_file_rules')
  await client.end()
  expect(rows).toEqual([{ auth_method: 'scram-sha-256' }])
})
