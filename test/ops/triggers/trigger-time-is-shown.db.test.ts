import { expect, it, vi } from 'vitest'
import { listTriggers } from '../../../functions/ops/triggers/list.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { soon } from '../../support/soon.ts'

const { database, ctx } = await freshEnvironment()
const { admin } = database

it('the function of a trigger shows its calls and its time', async () => {
  await admin.query('create table things (id int)')
  await admin.query(
    `create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.01); return new; end'`,
  )
  await admin.query('create trigger slowed before insert on things for each row execute function slow()')
  const slow = async () => (await listTriggers(ctx())).data.find((one) => one.function === 'public.slow')
  expect(await slow()).toMatchObject({ triggers: ['slowed on public.things'], calls: 0, meanMs: null })
  const writer = await database.connect()
  await writer.query('insert into things select generate_series(1, 3)')
  // Else Postgres reports it when the session has been idle for ten seconds.
  await writer.query('select pg_stat_force_next_flush()')
  await writer.query('select 1')
  await vi.waitFor(async () => expect(await slow()).toMatchObject({ calls: 3 }), soon)
  expect((await slow())?.totalMs).toBeGreaterThan(29)
})

it('times are unknown, with the reason, when Postgres does not count', async () => {
  await admin.query(`alter database ${database.name} set track_functions = 'none'`)
  // A setting of the database holds for new sessions only.
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'lockstep_worker'`,
    [database.name],
  )
  const { data } = await vi.waitFor(async () => {
    const shown = await listTriggers(ctx())
    expect(shown.why).toContain('track_functions')
    return shown
  }, soon)
  expect(data.length).toBeGreaterThan(0)
  expect(data.every(({ calls }) => calls === null)).toBe(true)
})
