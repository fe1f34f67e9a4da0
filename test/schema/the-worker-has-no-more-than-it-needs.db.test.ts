import { describe, expect, it } from 'vitest'
import { migrate } from '../../dev/migrations/migrate.ts'
import { ensureWorkerRole } from '../../dev/postgres/roles.ts'
import { urlAs } from '../../dev/postgres/urls.ts'
import { emptyDatabase } from './empty-database.ts'

const migrated = await emptyDatabase()
await migrate(migrated.url)
const role = `limited_worker_${process.pid}`
await ensureWorkerRole(migrated.url, 'p', role)
const worker = await migrated.connectAs(role, 'p')

const needless = [
  ['make a temporary table', 'create temporary table t ()'],
  ['make a large object', 'select lo_create(0)'],
  ['fill a large object', `select lo_from_bytea(0, 'x')`],
  ['take a session lock', 'select pg_advisory_lock(1)'],
  ['try a session lock', 'select pg_try_advisory_lock(1)'],
  ['share a session lock', 'select pg_advisory_lock_shared(1, 2)'],
] as const

describe('the role of the Worker', () => {
  it.each(needless)('may not %s', async (_, text) => {
    await expect(worker.query(text)).rejects.toMatchObject({ code: '42501' })
  })

  it.each(needless)('could %s on a database without the migrations', async (_, text) => {
    const bare = await emptyDatabase()
    const client = await bare.connectAs(role, 'p')
    await client.query('begin')
    await expect(client.query(text)).resolves.toBeDefined()
    await client.query('rollback')
  })

  it('may take the lock of a transaction, which ends with it', async () => {
    expect((await worker.query('select pg_try_advisory_xact_lock(1) as taken')).rows).toEqual([
      { taken: true },
    ])
  })

  // Postgres lets every role change these of its own, and knows no privilege that would forbid it.
  it('may change its own time limit, as every role of Postgres may', async () => {
    await worker.query('begin')
    await worker.query(`set local statement_timeout = '1min'`)
    await worker.query('rollback')
    expect((await worker.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '8s' }])
  })
})

describe('an owner that may not do everything', () => {
  it('migrates nevertheless, and hears which privileges stay and why', async () => {
    const { url, client } = await emptyDatabase()
    const owner = `limited_owner_${process.pid}`
    await client.query(`create role ${owner} login createrole password 'p'`)
    await client.query(`grant lockstep_app to ${owner} with admin option`)
    await client.query(
      `do $$ begin execute format('alter database %I owner to ${owner}', current_database()); end $$`,
    )
    await client.query(`create extension cube schema public; create extension pg_trgm schema public`)
    const lines: string[] = []
    await migrate(urlAs(url, { user: owner, password: 'p' }), { report: (line) => lines.push(line) })
    const warnings = lines.filter((line) => line.startsWith('warning: '))
    expect(warnings).toContainEqual(expect.stringContaining('pg_advisory_lock(bigint)'))
    expect(warnings).toContainEqual(expect.stringContaining('pg_stat_statements is not created: '))
    await client.query(
      `do $$ begin execute format('alter database %I owner to current_user', current_database()); end $$`,
    )
    await client.query(
      `reassign owned by ${owner} to current_user; drop owned by ${owner}; drop role ${owner}`,
    )
  })
})

it('pg_stat_statements is there where the server loads it', async () => {
  await migrated.client.query('select 4711 as asked')
  expect(
    await migrated.column(
      `select count(*)::int > 0 from public.pg_stat_statements where query like 'select $1 as asked'`,
    ),
  ).toEqual([true])
})
