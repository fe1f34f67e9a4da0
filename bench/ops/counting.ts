import { makeCounts } from '../../functions/core/counts.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, compare, mustBe } from '../method.ts'

const requests = 200_000
const labels = { route: '/v1/ops/jobs', method: 'GET', status: '2xx' }

/**
 * The cost of counting one request with one round trip: three histograms. The Worker answers about 1 000 requests a second
 * and core, so one percent is 10 µs a request.
 */
export const counting: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const contender = (name: string, counted: boolean): Contender => ({
    name,
    async turn() {
      const counts = makeCounts()
      const started = performance.now()
      let trips = 0
      for (let n = 0; n < requests; n += 1) {
        const metrics = makeMetrics(counted ? counts : undefined)
        metrics.trip(n % 7, 'ops.list-jobs')
        metrics.observe('http_server_request_duration_seconds', labels, (n % 90) / 1_000)
        metrics.observe('http_server_db_round_trips', labels, metrics.trips)
        trips += metrics.trips
      }
      mustBe(trips, requests, 'the round trips')
      const seconds = (performance.now() - started) / 1_000
      const series = counts.report()?.report.changed.length ?? 0
      mustBe(series, counted ? 3 : 0, 'the series')
      return { operations: requests, seconds, latenciesMs: [0] }
    },
    verify: async () => undefined,
  })
  await compare(
    {
      name: 'ops counting a request',
      unit: 'µs a request',
      database: database.owner,
      value: ({ operations, seconds }) => (seconds / operations) * 1e6,
      ours: contender('counted', true),
      baseline: contender('not counted', false),
    },
    pace,
  )
}
