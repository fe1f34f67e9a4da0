import { describe, expect, it, vi } from 'vitest'
import { apply } from '../../dev/migrations/apply.ts'
import { connect } from '../../dev/migrations/connection.ts'
import { readMigrations } from '../../dev/migrations/files.ts'
import { ensureHistory } from '../../dev/migrations/history.ts'
import { lockOutOthers } from '../../dev/migrations/lock.ts'
import { migrate } from '../../dev/migrations/migrate.ts'
import { soon } from '../support/soon.ts'
import { emptyDatabase, migrationFiles } from './empty-database.ts'

const runners = Array.from({ length: 8 })
const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
const sessions = `
  select pid from pg_stat_activity
  where datname = current_database() and application_name = 'lockstep migrations' and query ~ 'advisory|rollback'`

describe('many runners at once on an empty database', () => {
  it('apply each file once, those that build indexes concurrently too', async () => {
    const { url, column } = await emptyDatabase()
    const results = await Promise.all(runners.map(() => migrate(url)))
    const files = readMigrations().map(({ file }) => file)
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(files)
    expect(await column('select count(*)::int from core.schema_migrations')).toEqual([files.length])
    expect(await column('select indexrelid::regclass::text from pg_index where not indisvalid')).toEqual([])
  })

  it('collide without the lock', async () => {
    const { url, client } = await emptyDatabase()
    await ensureHistory(client)
    const [first] = readMigrations(migrationFiles({ '0001_table.sql': 'create table public.t ();' }))
    if (first === undefined) throw new Error('there is one file')
    const clients = await Promise.all(runners.map(() => connect(url)))
    const results = await Promise.allSettled(clients.map((each) => apply(each, first)))
    await Promise.all(clients.map((each) => each.end()))
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(runners.length - 1)
  })
})

describe('the lock', () => {
  it('is waited for without holding up an index under construction', async () => {
    const { url, client, column } = await emptyDatabase()
    await client.query('create table public.t (id int)')
    const lock = await lockOutOthers(url)
    const waiters = runners.map(() => lockOutOthers(url))
    await vi.waitFor(async () => expect(await column(sessions)).toHaveLength(1 + runners.length), soon)
    await client.query(`set lock_timeout = '5s'`)
    await client.query('create index concurrently t_id on public.t (id)')
    await lock.release()
    await Promise.all(waiters.map(async (waiter) => (await waiter).release()))
  })

  it.each(['select pg_advisory_xact_lock(1)', 'lock table public.u'])(
    'would hold it up if it were waited for by %s',
    async (take) => {
      const { client, column, connect } = await emptyDatabase()
      await client.query('create table public.t (id int); create table public.u ()')
      const [holder, waiter] = [await connect(), await connect()]
      await holder.query('begin')
      await holder.query(take)
      await waiter.query('begin')
      const waited = waiter.query(take)
      await vi.waitFor(async () => expect(await column(waiting)).toHaveLength(1), soon)
      await client.query(`set lock_timeout = '200ms'`)
      await expect(client.query('create index concurrently t_id on public.t (id)')).rejects.toThrow(
        'lock timeout',
      )
      await holder.query('commit')
      await waited
      await waiter.query('commit')
    },
  )

  it('of a runner that dies goes to the next, and the file the dead one was at is applied whole', async () => {
    const { url, client, column, connect } = await emptyDatabase()
    await client.query('create table public.t (id int)')
    const folder = migrationFiles({
      '0001_rows.sql': 'create table public.u ();\nlock table public.t in access exclusive mode;\n',
    })
    const blocker = await connect()
    await blocker.query('begin; lock table public.t in access share mode')
    const died = migrate(url, { folder }).catch(String)
    await vi.waitFor(async () => expect(await column(waiting)).toHaveLength(1), soon)
    await client.query(`
      select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)
    expect(await died).toMatch('The connection that holds the lock of the migrations was lost')
    await blocker.query('commit')

    expect(await migrate(url, { folder })).toEqual({ applied: ['0001_rows.sql'] })
    expect(await column(`select to_regclass('public.u')::text`)).toEqual(['u'])
  })
})
