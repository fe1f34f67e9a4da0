import { beforeEach, expect, it } from 'vitest'
import { replayRejects } from '../../../functions/fleet/telemetry/replay-rejects.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { meets } from '../../support/blocking.ts'
import { emptyTelemetry, givenNode, runFleetJob, senderOf } from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin, connect } = environment.database
beforeEach(async () => {
  await admin.query(emptyTelemetry)
})

const dayMs = 86_400_000
const noon = Math.floor(Date.now() / dayMs) * dayMs - 3.5 * dayMs

/** Two series, whose keys and whose times are in opposite orders. */
async function givenSeries(): Promise<{ first: number; second: number }> {
  const [first, second] = [await givenNode(environment), await givenNode(environment)]
  const sender = senderOf(environment)
  const at = (node: { uid: string }, ms: number) => ({ nodeUid: node.uid, metric: 'ph', ts: ms, value: 6 })
  await sender.store([at(second, noon), at(first, noon + 2 * dayMs)])
  return { first: first.id, second: second.id }
}

/** The outcome of a consumer that locks these rows one after the other, the first before it met the job. It never waits. */
async function locked(job: string, [first, ...others]: readonly string[]): Promise<string[]> {
  const consumer = await connect()
  await consumer.query('begin')
  await consumer.query(`${first} for no key update`)
  const ended = Promise.allSettled([runFleetJob(environment, job)])
  const outcomes: string[] = [await meets(consumer, ended, admin)]
  for (const statement of others) {
    const { rowCount } = await consumer.query(`${statement} for no key update nowait`)
    outcomes.push(rowCount === 1 ? 'locked' : 'missed')
  }
  await consumer.query('commit')
  await ended
  return outcomes
}

it('the fold locks minutes in the order of their key, as the consumer does', async () => {
  const { first, second } = await givenSeries()
  const minuteOf = (node: number) => `select from fleet.telemetry_1m where node_id = ${node}`
  expect(await locked('fleet-fold', [minuteOf(first), minuteOf(second)])).toEqual(['waits', 'locked'])
})

it.each([
  ['a sample', ['samples', 'last', '1m']],
  ['the newest value', ['last', '1m']],
])(
  'a recalculation that waits for %s holds nothing that the consumer locks after it',
  async (_what, tables) => {
    const { first } = await givenSeries()
    await admin.query(
      `insert into fleet.calibrations (node_id, metric_id, channel, from_at, tenant_id, gain, shift, created_at)
     select node_id, metric_id, channel, ts, 1, 1.5, 0, now() - interval '1 minute'
     from fleet.telemetry_samples where node_id = $1`,
      [first],
    )
    const rows = tables.map((table) => `select from fleet.telemetry_${table} where node_id = ${first}`)
    expect(await locked('fleet-recalculate', rows)).toEqual(['waits', ...tables.slice(1).map(() => 'locked')])
  },
)

it('a consumer of replayed samples locks their rejects in the order of their ids', async () => {
  const { uid } = await givenNode(environment)
  const sender = senderOf(environment)
  // The later one is written first, so Postgres finds it first.
  const { rows } = await admin.query(
    `insert into fleet.telemetry_rejects (id, tenant_id, node_uid, reason, sample, received_at)
     select uuidv7(make_interval(mins => at)), 1, $1, 'unknown_node', jsonb_build_object('nodeUid', $1::text, 'metric', 'ph',
       'ts', to_char(to_timestamp($2::float8 / 1000 + at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'value', 6), now()
     from generate_series(2, 1, -1) at
     returning id`,
    [uid, noon],
  )
  const [last, first] = rows.map(({ id }) => id as string)
  expect(await replayRejects(sender.ctx, { ids: rows.map(({ id }) => id) })).toMatchObject({ replayed: 2 })
  const other = await connect()
  const lock = 'select from fleet.telemetry_rejects where id = $1 for update nowait'
  await other.query('begin')
  await other.query(lock, [first])
  const delivered = sender.deliver()
  expect(await meets(other, delivered, admin)).toBe('waits')
  expect((await other.query(lock, [last])).rowCount).toBe(1)
  await other.query('commit')
  await delivered
  const stored = await admin.query(
    `select count(*)::int as n, (select count(*)::int from fleet.telemetry_rejects where replayed_at is not null) as replayed
     from fleet.telemetry_samples`,
  )
  expect(stored.rows).toEqual([{ n: 2, replayed: 2 }])
})
