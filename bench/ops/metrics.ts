import type { Measurement } from '../measurement.ts'
import { closedLoop, compare, mustBe, quantile } from '../method.ts'

/** One reader of /metrics, through workerd and the proxy. */
export const metrics: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const worker = await rig.worker(database)
  const authorization = `Bearer ${await worker.token('admin', 'ann')}`
  let bytes = 0
  await compare(
    {
      name: 'ops p95 of a reading of /metrics, through Miniflare',
      unit: 'ms',
      database: database.owner,
      value: ({ latenciesMs }) => quantile(latenciesMs, 0.95),
      ours: {
        name: '/metrics',
        turn: () =>
          closedLoop({
            clients: 1,
            seconds: pace.seconds,
            operation: async () => {
              const answer = await fetch(`${worker.url}/metrics`, { headers: { authorization } })
              bytes = (await answer.text()).length
              mustBe(answer.status, 200, 'the status of /metrics')
              return 1
            },
          }),
        verify: async () => mustBe(bytes > 1_000 && bytes < 400_000, true, 'a text of 1 to 400 kB'),
      },
      baseline: null,
    },
    pace,
  )
  console.log(`${bytes} bytes`)
}
