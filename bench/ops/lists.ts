import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, quantile } from '../method.ts'

const statements = 5_000

/** The lists of the operator over the statistics of 5 000 statements a reading. */
export const lists: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  await owner.query(`
    insert into core.query_reads values (1, now(), 0, null, ${statements});
    insert into core.query_stats
      (name, minutes, begins, calls, total_ms, squares_ms, rows, blocks_hit, blocks_read, temp_bytes, wal_bytes, resets)
    select 'row.verb-' || n, 5, date_bin('5 minutes', now(), 'epoch') - m * interval '5 minutes', 10, 20, 60, 10, 100, 1, 0, 0, 0
    from generate_series(1, ${statements}) n, generate_series(0, 11) m`)
  await owner.query('analyze core.query_stats')
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
      others: ['/v1/ops/routes', '/v1/ops/tables', '/v1/ops/indexes'].map(contender),
    },
    pace,
  )
}
