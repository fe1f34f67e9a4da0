import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare } from '../method.ts'
import { everyTenant, givenNodes, messagesOf, mustHave, type Row, samplesAt, storing } from './samples.ts'
import { storeInSteps } from './steps.ts'

const series = 200

type Made = Pick<Contender, 'name'> & {
  store: (rows: Row[]) => Promise<void>
  /** The parts that it leaves: all have samples. */
  leaves: { last: boolean; counted: boolean }
}

/** 200 samples in one statement, beside three statements for each sample, as the seed has them. */
export const storeBesideSeed: Measurement = measured(
  'fleet store of 200 beside 600 statements',
  200,
  (client) => ({
    name: '600 statements, one transaction',
    store: (rows) => inTransaction(client, () => storeEach(client, rows)),
    leaves: { last: true, counted: false },
  }),
)

/** 200 samples in one statement, beside one statement for each of its steps. */
export const storeBesideSteps: Measurement = measured(
  'fleet store of 200 beside one statement a step',
  200,
  (client) => ({
    name: 'one statement a step, one transaction',
    store: (rows) => inTransaction(client, () => storeInSteps(client, rows)),
    leaves: { last: true, counted: true },
  }),
)

/** 2 000 samples in one statement, beside `copy` of the bare rows into the table of samples. */
export const storeBesideCopy: Measurement = measured('fleet store of 2 000 beside copy', 2_000, (client) => ({
  name: 'copy of the bare rows',
  store: (rows) => copy(client, rows),
  leaves: { last: false, counted: false },
}))

function measured(name: string, size: number, baseline: (client: pg.Client) => Made): Measurement {
  return async (rig, pace) => {
    const { owner, connect } = await rig.database()
    const [one, other] = await connect(2)
    const [client, second] = [await everyTenant(one), await everyTenant(other)]
    const store = storing(client)
    const contender = (made: Made): Contender => {
      let batches: Row[][] = []
      return {
        name: made.name,
        prepare: async () => {
          await givenNodes(owner)
          const started = Date.now() - 3_600_000
          batches = Array.from({ length: 3_000 }, (_, at) => samplesAt(at, size, started))
        },
        turn: async () => {
          const turn = await closedLoop({
            clients: 1,
            seconds: pace.seconds,
            count: batches.length,
            operation: async (_client, n) => {
              await made.store(batches[n] ?? [])
              return size
            },
          })
          const sorted = turn.latenciesMs.toSorted((a, b) => a - b)
          const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1)
          console.log(
            `${made.name}: ${turn.latenciesMs.length} batches, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
          )
          return turn
        },
        verify: ({ operations }) =>
          mustHave(
            owner,
            {
              samples: operations,
              ...(made.leaves.last && { last: series }),
              ...(made.leaves.counted && { counted: operations }),
            },
            made.name,
          ),
      }
    }
    await compare(
      {
        name,
        unit: 'samples/s',
        database: owner,
        ours: contender({
          name: 'one statement',
          store: (rows) => store(messagesOf(rows)),
          leaves: { last: true, counted: true },
        }),
        baseline: contender(baseline(second)),
      },
      pace,
    )
  }
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin')
  await work()
  await client.query('commit')
}

/** Resolves the names, inserts the sample, replaces the last value: for each sample. */
async function storeEach(client: pg.Client, rows: readonly Row[]): Promise<void> {
  for (const { uid, metric, ts, value } of rows) {
    const found = await client.query({
      name: 'resolve',
      text: 'select n.id, m.id as metric from fleet.nodes n, fleet.metrics m where n.uid = $1 and m.name = $2',
      values: [uid, metric],
    })
    const [{ id, metric: metricId }] = found.rows as [{ id: string; metric: number }]
    await client.query({
      name: 'insert',
      text: `insert into fleet.telemetry_samples (node_id, metric_id, channel, ts, value, raw, quality, received_at)
values ($1, $2, '', $3, $4, $4, 'good', now()) on conflict do nothing`,
      values: [id, metricId, ts, value],
    })
    await client.query({
      name: 'last',
      text: `insert into fleet.telemetry_last (node_id, metric_id, channel, ts, value, raw, quality, same_since, received_at)
values ($1, $2, '', $3, $4, $4, 'good', $3, now())
on conflict (node_id, metric_id, channel) do update set ts = excluded.ts, value = excluded.value, raw = excluded.raw`,
      values: [id, metricId, ts, value],
    })
  }
}

/** The ids are known beforehand, and nothing is decided, counted or folded. */
async function copy(client: pg.Client, rows: readonly Row[]): Promise<void> {
  const metrics = ['ph', 'ec', 'temperature', 'humidity']
  const lines = rows.map(({ uid, metric, ts, value }) => {
    const at = ts.toISOString()
    return [uid.slice('nd-ph-'.length), metrics.indexOf(metric) + 1, '', at, value, value, 'good', at].join(
      '\t',
    )
  })
  await pipeline(
    Readable.from(lines.map((line) => `${line}\n`)),
    client.query(
      copyFrom(
        'copy fleet.telemetry_samples (node_id, metric_id, channel, ts, value, raw, quality, received_at) from stdin',
      ),
    ),
  )
}
