import type { SQL } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { contextOver } from '../../../bench/context-over.ts'
import { jobs } from '../../../cron/index.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { removeExpired } from '../../../functions/core/remove-expired.ts'
import { listJobs } from '../../../functions/ops/jobs/list.ts'
import { listRuns } from '../../../functions/ops/jobs/list-runs.ts'
import { newestRuns } from '../../../functions/ops/jobs/newest.ts'
import { jobRules } from '../../../functions/ops/jobs/watch.ts'
import { readGauges } from '../../../functions/ops/metrics/read-gauges.ts'
import { freshDatabase } from '../../support/database.ts'
import { explain } from '../../support/explain.ts'
import { indexedAfterwards, inSteps } from '../../support/fill.ts'
import { sent } from '../../support/sent.ts'

const { connect } = await freshDatabase()
const client = await connect()
const total = 1_000_000
const names = jobs.map(({ name }) => name)
const busy = 'core-query-stats'

/**
 * A million runs of three jobs within a day, nearly all of them without work. One job failed once long ago, another one always
 * fails, and the others never ran: they have no run that a walk from the newest one would meet.
 */
beforeAll(async () => {
  // Nobody needs the log of this fill, and more processes would only share the same work.
  await client.query('alter table core.job_runs set unlogged')
  await client.query('set max_parallel_maintenance_workers = 0')
  await indexedAfterwards(client, ['core.job_runs'], fillTheRuns)
  await client.query('vacuum analyze core.job_runs')
}, 120_000)

async function fillTheRuns(): Promise<void> {
  await client.query(`insert into core.job_runs (job, trigger, started_at, finished_at, outcome)
    values ('apod', 'manual', now() - interval '1 day', now(), 'failed'), ('${busy}', 'manual', now(), now(), 'ok')`)
  await inSteps(total, (from, to) =>
    client.query(
      `insert into core.job_runs (job, trigger, started_at, finished_at, outcome)
      select case n % 3 when 0 then 'neo' when 1 then 'donki' else $3 end, 'manual',
        now() - interval '20 hours' + n * interval '70 ms', now(), case n % 3 when 0 then 'failed' else 'skipped' end
      from generate_series($1::int, $2::int) n`,
      [from, to, busy],
    ),
  )
}

/** A context whose statements are explained as well. The pages that they touched are added up. */
function explained(): { ctx: Ctx; pages: () => number } {
  let pages = 0
  const ctx = contextOver(client, { role: 'admin', sub: 'ann', tenantId: null })
  const { query } = ctx.db
  const look = async (statement: SQL) => {
    await client.query('begin')
    const { rows } = await explain(client, statement)
    await client.query('rollback')
    const plan = rows[0]['QUERY PLAN'][0].Plan
    pages += plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  }
  const db: Ctx['db'] = {
    ...ctx.db,
    async query(statement) {
      await look(statement)
      return query(statement)
    },
  }
  return { ctx: { ...ctx, db, replica: db }, pages: () => pages }
}

function statementOf(name: string, of: (ctx: Ctx) => SQL): Read {
  return [name, (ctx) => ctx.db.query(sent`${of(ctx)}`), 2_500]
}

const all = { job: null, outcome: null, all: false, before: null, limit: 51 }
type Read = [name: string, read: (ctx: Ctx) => Promise<unknown>, most: number]
const reads: Read[] = [
  ['the list of jobs', (ctx) => listJobs(ctx, jobs), 2_500],
  ['the list of runs with work', (ctx) => listRuns(ctx, all), 200],
  ['the list of all runs', (ctx) => listRuns(ctx, { ...all, all: true }), 300],
  ['a page of runs in the middle', (ctx) => listRuns(ctx, { ...all, all: true, before: total / 2 }), 300],
  ['the successes of all jobs', (ctx) => listRuns(ctx, { ...all, outcome: 'ok' }), 60],
  ['the runs of a job that never ran', (ctx) => listRuns(ctx, { ...all, job: 'osdr-sync' }), 60],
  ['the successes of a job that has one', (ctx) => listRuns(ctx, { ...all, job: busy, outcome: 'ok' }), 60],
  ['the gauges of /metrics', (ctx) => readGauges(ctx, names), 2_500],
  statementOf('the last tick, for readiness', () => newestRuns({ limit: 1_000 })),
  ['the removal of old records', (ctx) => ctx.db.query(removeExpired()), 2_000],
  ...jobRules(jobs).flatMap(({ name, evidence, ...rule }): Read[] => [
    ...('value' in rule ? [statementOf(`the rule ${name}`, rule.value)] : []),
    ...(evidence === undefined ? [] : [statementOf(`the evidence of ${name}`, evidence)]),
  ]),
]

describe('beside a million runs', () => {
  it.each(reads)('%s touches few pages', async (_name, read, most) => {
    const { ctx, pages } = explained()
    await read(ctx)
    expect(pages()).toBeLessThan(most)
  })

  it('each job has its figures, also the one with a single success', async () => {
    const { ctx } = explained()
    const listed = await listJobs(ctx, jobs)
    const of = (name: string) => listed.find((job) => job.name === name)
    expect(of('apod')).toMatchObject({ failuresInRow: 1, lastRun: { outcome: 'failed' } })
    expect(of('neo')).toMatchObject({ failuresInRow: 100, lastRun: { outcome: 'failed' } })
    expect(of(busy)).toMatchObject({ failuresInRow: 0, lastRun: { outcome: 'skipped' } })
    expect(of('osdr-sync')).toMatchObject({ failuresInRow: 0, lastRun: null })
    expect(await listRuns(ctx, { ...all, job: busy })).toMatchObject([{ outcome: 'ok' }])
    const gauges = await readGauges(ctx, names)
    const succeeded = gauges
      .filter(({ name }) => name === 'job_last_success_age_seconds')
      .map(({ label }) => label)
    expect(new Set(succeeded)).toEqual(new Set([busy, 'donki']))
  })

  it('a walk from the newest run reads them all (negative control)', async () => {
    const { ctx, pages } = explained()
    await ctx.db.query(sent`
      select r.id from core.job_runs r where r.job || '' = 'osdr-sync' order by r.id desc limit 1`)
    expect(pages()).toBeGreaterThan(5_000)
  })
})
