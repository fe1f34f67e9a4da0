import { beforeEach, expect, it } from 'vitest'
import { freshEnvironment } from '../../core/environment.ts'
import { emptyTelemetry, givenNode, recalculateWithin, senderOf } from '../support/samples.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
beforeEach(async () => {
  await admin.query(emptyTelemetry)
  await admin.query('truncate core.job_runs')
})

const dayMs = 86_400_000
const noon = Math.floor(Date.now() / dayMs) * dayMs - 2.5 * dayMs
const endlessMs = 3_600_000

let created = 0

/** A calibration of a new node that has this many samples, of an hour each. Later ones are newer. */
async function givenCalibration(tenantId: number, { samples = 1, gain = 1.5 } = {}): Promise<number> {
  const { id, uid } = await givenNode(environment, { tenantId })
  const sent = Array.from({ length: samples }, (_, at) => ({
    nodeUid: uid,
    metric: 'ph',
    ts: noon + at * 3_600_000,
    value: 6,
  }))
  await senderOf(environment, { role: 'tenant', sub: 't', tenantId }).store(sent)
  await admin.query(
    `insert into fleet.calibrations (node_id, metric_id, channel, from_at, tenant_id, gain, shift, created_at)
     values ($1, (select id from fleet.metrics where name = 'ph'), '', $2, $3, $4, 0, now() - interval '1 day' + $5 * interval '1 second')`,
    [id, new Date(noon), tenantId, gain, (created += 1)],
  )
  return id
}

/** The tenants whose calibrations have all samples by now, in the order in which they were served last. */
async function served(): Promise<string[]> {
  const { rows } = await admin.query(
    `select concat_ws(' ', 'tenant', tenant_id, case when applied_at is null then 'begun' else 'done' end) as was
     from fleet.calibrations where served_at is not null order by served_at`,
  )
  return rows.map(({ was }) => was)
}

it('the calibrations of two tenants take turns, and the parts of a long one too', async () => {
  await givenCalibration(1, { samples: 12 })
  await givenCalibration(1)
  await givenCalibration(1)
  await givenCalibration(2)
  await givenCalibration(2)
  const turns: (string | undefined)[] = []
  for (let turn = 0; turn < 8; turn += 1) {
    await recalculateWithin(environment, { mostSamples: 5 })
    turns.push((await served()).at(-1))
  }
  expect(turns).toEqual([
    'tenant 1 begun',
    'tenant 2 done',
    'tenant 1 done',
    'tenant 2 done',
    'tenant 1 done',
    'tenant 1 begun',
    'tenant 1 done',
    'tenant 1 done',
  ])
})

it('one run calculates part after part until none is due', async () => {
  for (const tenant of [1, 1, 2]) await givenCalibration(tenant, { samples: 12 })
  expect(await recalculateWithin(environment, { mostSamples: 5, runMs: endlessMs })).toMatchObject({
    ran: true,
    outcome: 'ok',
    rows: 36,
    detail: { parts: 9, more: false },
  })
  expect(await served()).toEqual(['tenant 2 done', 'tenant 1 done', 'tenant 1 done'])
  const { rows } = await admin.query('select distinct value from fleet.telemetry_samples')
  expect(rows).toEqual([{ value: 9 }])
})

it('one that fails stops no other, of its tenant or of another, and the next run tries it again', async () => {
  const failing = await givenCalibration(1, { gain: 1e308 })
  for (const tenant of [1, 2, 2]) await givenCalibration(tenant)
  expect(await recalculateWithin(environment, { runMs: endlessMs })).toMatchObject({
    outcome: 'failed',
    rows: 3,
    detail: { parts: 3, more: false },
  })
  const { rows } = await admin.query('select error from core.job_runs')
  expect(rows).toEqual([{ error: '1 calibration failed, see the log for each' }])
  const open = async () =>
    (await admin.query('select node_id::int as id from fleet.calibrations where applied_at is null')).rows
  expect(await open()).toEqual([{ id: failing }])
  await admin.query('update fleet.calibrations set gain = 2 where node_id = $1', [failing])
  expect(await recalculateWithin(environment, { runMs: endlessMs })).toMatchObject({ outcome: 'ok', rows: 1 })
  expect(await open()).toEqual([])
})
