import { expect, it } from 'vitest'
import { effect } from '../../functions/core/idempotency.ts'
import { inPortions, runJob } from '../../functions/core/job.ts'
import { removeExpired } from '../../functions/core/remove-expired.ts'
import { freshEnvironment } from './environment.ts'

const { database, ctx } = await freshEnvironment()

it('removes a backlog of any size in one run, in portions', async () => {
  const { admin } = database
  await admin.query(`
    insert into core.idempotency_keys (id, principal, route, body_hash, created_at)
    select 'old-' || n, 'p', 'r', 'h', now() - interval '2 days' from generate_series(1, 25000) n`)
  const job = { name: 'sample', cron: '* * * * *', lock: 990_004, run: inPortions(removeExpired) }
  const one = ctx()
  expect(await runJob(one, job, { slot: new Date('2026-11-20T10:00:00Z'), trigger: 'cron' })).toMatchObject({
    ran: true,
    rows: 25_000,
  })
  const { rows } = await admin.query('select rows::int, round_trips from core.job_runs')
  expect(rows).toEqual([{ rows: 25_000, round_trips: one.metrics.trips }])
  expect((await admin.query('select from core.idempotency_keys')).rowCount).toBe(0)
  await admin.query('truncate core.job_runs, core.job_slots')
})

it('removes keys after a day and slots and runs after a month, and nothing younger or still running', async () => {
  const { admin } = database
  await admin.query(`
    insert into core.idempotency_keys (id, principal, route, body_hash, created_at)
    select age, 'p', 'r', 'h', now() - age::interval from unnest(array['23 hours', '25 hours']) age;
    insert into core.job_slots (job, slot)
    select 'j', now() - age::interval from unnest(array['31 days', '33 days']) age;
    insert into core.job_runs (job, trigger, started_at, finished_at, outcome)
    select 'j', 'manual', now() - age::interval, now(), 'ok' from unnest(array['31 days', '33 days']) age;
    insert into core.job_runs (job, trigger, started_at) values ('j', 'manual', now() - interval '33 days')`)
  expect(await effect(ctx(), removeExpired())).toMatchObject({ rows: 3, keys: 1, slots: 1, runs: 1 })
  expect(await effect(ctx(), removeExpired())).toMatchObject({ rows: 0 })
  const left = await admin.query(`
    select (select count(*)::int from core.idempotency_keys) as keys, (select count(*)::int from core.job_slots) as slots,
      (select count(*)::int from core.job_runs) as runs`)
  expect(left.rows).toEqual([{ keys: 1, slots: 1, runs: 2 }])
})
