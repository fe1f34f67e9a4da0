import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { urlAs, urlOfDatabase } from '../../../dev/postgres/urls.ts'
import { checkReadiness } from '../../../functions/ops/health/check-readiness.ts'
import { latestMigration } from '../../../schema/migrations/index.ts'
import { freshEnvironment } from '../../core/environment.ts'

const { database, proxy, ctx } = await freshEnvironment()
const { admin } = database
// Roles belong to the whole server, so this file needs names of its own.
const role = (name: string) => `${name}_${database.name}`
const empty = role('empty')
await admin.query(`create database ${empty} template template0`)
for (const [name, options] of [
  ['bypassing', 'bypassrls'],
  ['owning', ''],
  ['inheriting', ''],
  ['stranger', ''],
])
  await admin.query(`create role ${role(name ?? '')} login password 'p' ${options}`)
await admin.query(`grant lockstep_app to ${role('bypassing')}, ${role('owning')}, ${role('inheriting')}`)
await admin.query(`create table core.own (); alter table core.own owner to ${role('owning')}`)
await admin.query(`grant ${role('owning')} to ${role('inheriting')}`)

afterEach(() => proxy.faults.clear())
afterAll(async () => {
  await admin.query(`drop database ${empty} with (force)`)
  await admin.query(`drop table core.own`)
  for (const name of ['bypassing', 'inheriting', 'owning', 'stranger'])
    await admin.query(`drop owned by ${role(name)}; drop role ${role(name)}`)
})

const as = (name: string) => urlAs(database.ownerUrl, { user: role(name), password: 'p' })

async function readiness(url: string) {
  const one = ctx({ bindings: { DATABASE_URL: url } })
  const { ready, checks } = await checkReadiness(one)
  const failed = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
  return { ready, failed }
}

describe('the Worker is ready', () => {
  it('when it connects as its own role to a migrated database, by a query and by a transaction', async () => {
    expect(await readiness(database.workerUrl)).toEqual({ ready: true, failed: [] })
  })
})

describe('the Worker is not ready', () => {
  const cases: [string, string, string][] = [
    ['a superuser', database.ownerUrl, 'role: the role bypasses row-level security'],
    [
      'a role that bypasses row-level security',
      as('bypassing'),
      'role: the role bypasses row-level security',
    ],
    ['a role that owns a table', as('owning'), 'role: the role owns tables'],
    ['a member of a role that owns a table', as('inheriting'), 'role: the role owns tables'],
    ['a role without grants', as('stranger'), 'role: may not read: grant lockstep_app'],
    [
      'a database without migrations',
      urlOfDatabase(database.workerUrl, empty),
      `migrations: ${latestMigration.name} is missing`,
    ],
    [
      'a database that does not exist',
      urlOfDatabase(database.workerUrl, 'nowhere'),
      'database: does not answer',
    ],
    [
      'a wrong password',
      urlAs(database.workerUrl, { user: 'lockstep_worker', password: 'x' }),
      'database: does not answer',
    ],
  ]
  it.each(cases)('with %s, and the check says what to do', async (_, url, detail) => {
    const { ready, failed } = await readiness(url)
    expect(ready).toBe(false)
    expect(failed).toEqual([expect.stringContaining(detail)])
  })

  it('with a database that lacks the newest migration', async () => {
    const { rows } = await admin.query('select max(version) as version from core.schema_migrations')
    await admin.query('update core.schema_migrations set version = -version where version = $1', [
      rows[0].version,
    ])
    const { failed } = await readiness(database.workerUrl)
    await admin.query('update core.schema_migrations set version = -version where version < 0')
    expect(failed).toEqual([expect.stringContaining('npm run db:migrate')])
  })

  it('when queries succeed and interactive transactions fail', async () => {
    // The match spares queries over HTTP; a WebSocket has no SQL to compare.
    proxy.faults.set({ refuse: 1, match: 'no query contains this' })
    expect(await readiness(database.workerUrl)).toMatchObject({
      ready: false,
      failed: [expect.stringContaining('transactions: no interactive transaction over WebSocket')],
    })
  })

  it('when the database does not answer', async () => {
    proxy.faults.set({ refuse: 1 })
    expect(await readiness(database.workerUrl)).toMatchObject({
      ready: false,
      failed: ['database: does not answer'],
    })
  })
})
