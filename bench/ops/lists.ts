import { jobs } from '../../cron/index.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, quantile } from '../method.ts'

const statements = 5_000
const runs = 1_000_000
const step = 50_000

/** The lists of the operator over the statistics of 5 000 statements a reading and a million job runs. */
export const lists: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  await owner.query(`
    insert into core.query_reads values (1, now(), 0, null, ${statements});
    insert into core.query_stats
      (name, minutes, begins, calls, total_ms, squares_ms, rows, blocks_hit, blocks_read, temp_bytes, wal_bytes, resets)
    select 'row.verb-' || n, 5, date_bin('5 minutes', now(), 'epoch') - m * interval '5 minutes', 10, 20, 60, 10, 100, 1, 0, 0, 0
    from generate_series(1, ${statements}) n, generate_series(0, 11) m`)
  // Runs of all jobs in turn over the days that are kept, one of ten with work. A slot a minute is done by each of the jobs.
  for (let from = 1; from <= runs; from += step)
    await owner.query(
      `insert into core.job_runs (job, slot, trigger, started_at, finished_at, outcome, rows)
      select ($3::text[])[1 + n % cardinality($3::text[])], now() - ($4 - n) * interval '2700 ms', 'cron',
        now() - ($4 - n) * interval '2700 ms', now() - ($4 - n) * interval '2690 ms',
        case when n % 10 = 0 then 'ok' else 'skipped' end, 0
      from generate_series($1::int, $2::int) n`,
      [from, from + step - 1, jobs.map(({ name }) => name), runs],
    )
  await owner.query(
    `insert into core.job_slots (job, slot) select job, date_trunc('minute', now()) - m * interval '1 minute'
    from unnest($1::text[]) job, generate_series(0, 1439) m`,
    [jobs.map(({ name }) => name)],
  )
  await owner.query('vacuum analyze core.job_runs, core.job_slots, core.query_stats')
  const worker = await rig.worker(database)
  const authorization = `Bearer ${await worker.token('admin', 'ann')}`
  const contender = (path: string): Contender => ({
    name: path,
    turn: () =>
      closedLoop({
        clients: 1,
        seconds: pace.seconds,
        operation: async () => {
          const answer = await fetch(`${worker.url}${path}`, { headers: { authorization } })
          await answer.arrayBuffer()
          mustBe(answer.status, 200, `the status of ${path}`)
          return 1
        },
      }),
    verify: async () => undefined,
  })
  await compare(
    {
      name: 'ops p95 of the lists, through Miniflare',
      unit: 'ms',
      database: owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.95),
      ours: contender('/v1/ops/queries'),
      baseline: contender('/healthz'),
      others: [
        '/v1/ops/jobs',
        '/v1/ops/jobs/runs',
        '/v1/ops/jobs/runs?outcome=failed',
        '/v1/ops/routes',
        '/v1/ops/tables',
        '/v1/ops/indexes',
      ].map(contender),
    },
    pace,
  )
}
