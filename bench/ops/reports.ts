import { makeCounts } from '../../functions/core/counts.ts'
import { makeGathered } from '../../functions/core/gathered.ts'
import type { Measurement } from '../measurement.ts'
import { closedLoop, compare, mustBe } from '../method.ts'

const isolates = 50
const series = 60

/** How many reports a second the gatherer adds up, and writes as text, on one core. Its disk is not part of it. */
export const reports: Measurement = async (rig, pace) => {
  const database = await rig.database()
  await compare(
    {
      name: 'ops reports added up',
      unit: 'reports/s',
      database: database.owner,
      ours: {
        name: `${isolates} isolates, ${series} series each`,
        async turn() {
          const gathered = makeGathered()
          const all = Array.from({ length: isolates }, () => makeCounts())
          const turn = await closedLoop({
            clients: 1,
            seconds: pace.seconds,
            operation: async (_client, n) => {
              const counts = all[n % isolates]
              for (let one = 0; one < series; one += 1)
                counts?.observe('db_query_duration_seconds', { query: `ops.q${one}` }, (n % 100) / 1_000)
              const made = counts?.report()
              if (!made) throw new Error('A report is empty')
              const isolate = gathered.merge(made.report, Date.now(), () => null)
              JSON.stringify([...isolate.values])
              made.confirm()
              return 1
            },
          })
          const counted = [...gathered.sums.values()].reduce(
            (sum, values) => sum + values.slice(1).reduce((a, b) => a + b, 0),
            0,
          )
          mustBe(counted, turn.operations * series, 'the counts')
          return turn
        },
        verify: async () => undefined,
      },
      baseline: null,
    },
    pace,
  )
}
