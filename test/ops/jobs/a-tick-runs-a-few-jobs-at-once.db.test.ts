import { expect, it } from 'vitest'
import { jobsAtOnce, tick } from '../../../cron/index.ts'
import { answer } from '../../../functions/core/idempotency.ts'
import { asStatement, type Job } from '../../../functions/core/job.ts'
import { hold, untilWaiting } from '../../core/barrier.ts'
import { failure, freshEnvironment } from '../../core/environment.ts'
import { sent } from '../../support/sent.ts'

const { ctx, database } = await freshEnvironment({ maxSessions: 20 })
const cron = '* * * * *'

/** Ten jobs that each count how many of them hold the shared lock at once; the third one fails. */
const job = (n: number): Job => ({
  name: `counted-${n}`,
  cron,
  lock: 90_000 + n,
  run: asStatement(() =>
    n === 3
      ? sent`select 1 / 0`
      : sent`
with held as materialized (select pg_try_advisory_xact_lock_shared(4711) as taken),
running as materialized (select pg_advisory_xact_lock_shared(4712), pg_sleep(0.05) from held where taken),
counted as (
  insert into running_jobs (n, at_once)
  select ${n}::int, (
    select count(*) from pg_locks l
    where l.locktype = 'advisory'
      and l.objid = 4711
      and l.database = (select oid from pg_database where datname = current_database())
  )
  from running
)
select ${answer(sent`jsonb_build_object('rows', 1)`)}`,
  ),
})

it('runs at most the declared number of jobs at once, and a failed job does not stop the rest', async () => {
  await database.admin.query('create table running_jobs (n int, at_once int)')
  await database.admin.query('grant select, insert on running_jobs to lockstep_app')
  const all = Array.from({ length: 10 }, (_, n) => job(n))
  const holder = await hold(database, 'select pg_advisory_xact_lock(4712)')
  const ticked = failure(tick(() => ctx(), { cron, scheduledTime: Date.now() }, all))
  await untilWaiting(database, jobsAtOnce)
  await holder.commit()
  expect(await ticked).toMatchObject({ message: 'Jobs failed: counted-3' })
  const { rows } = await database.admin.query('select n, at_once from running_jobs order by n')
  expect(rows.map(({ n }) => n)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
  const most = Math.max(...rows.map(({ at_once }) => at_once))
  expect(most).toBe(jobsAtOnce)
})
