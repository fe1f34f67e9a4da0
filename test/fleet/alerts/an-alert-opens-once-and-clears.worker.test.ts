import { expect, it } from 'vitest'
import { runJob } from '../../support/run-job.ts'
import { freshWorker } from '../../support/worker.ts'
import { callerOf, tally } from '../support/http.ts'
import { givenRegulated } from '../support/regulated.ts'

const app = await freshWorker({ bindings: { TARGET_CYCLE_SECONDS: '60', FLEET_SHARDS: '8' } })
const { admin } = app.database
const tenant = await callerOf(app, 'tenant', 1)
const operator = await callerOf(app, 'admin')
const watch = () => runJob(app, 'fleet-alerts')

type Shown = { id: number; kind: string; subject: string; count: number; severity: string }

async function open(caller = tenant): Promise<Shown[]> {
  return (await caller.get('/alerts?open=true')).body['data'] as Shown[]
}

const outcome = (regulator: number, now: string) =>
  admin.query('update fleet.dose_windows set outcome = $2 where regulator_id = $1', [regulator, now])

it('a condition that lasts is one alert, and a cleared one is history', async () => {
  const { regulator, zone } = await givenRegulated(admin, { was: 'budget_exhausted' })
  await watch()
  await watch()
  expect(await open()).toMatchObject([
    {
      kind: 'budget',
      subject: `regulator:${regulator}`,
      count: 2,
      labels: { zone, metric: 'ph' },
      ackedAt: null,
    },
  ])
  const [{ id } = { id: 0 }] = await open()
  const first = await tenant.post(`/alerts/${id}/ack`, { body: { note: 'refilling' } })
  expect(first).toMatchObject({ status: 200, body: { ackedBy: 'tenant:someone', note: 'refilling' } })
  const again = await tenant.post(`/alerts/${id}/ack`, { body: { note: 'other' } })
  expect(again.body).toMatchObject({ note: 'refilling', ackedAt: first.body['ackedAt'] })
  await outcome(regulator, 'in_range')
  await watch()
  expect(await open()).toEqual([])
  expect(await tenant.get('/alerts')).toMatchObject({
    body: { data: [{ id, clearedAt: expect.any(String) }] },
  })
  await outcome(regulator, 'budget_exhausted')
  await watch()
  expect((await open()).map((alert) => alert.id)).not.toContain(id)
  await outcome(regulator, 'in_range')
  await watch()
})

it('a value outside its range is pending for half an hour, and nobody sees it', async () => {
  const { regulator } = await givenRegulated(admin, { was: 'cooldown' })
  await watch()
  expect(await open()).toEqual([])
  await admin.query("update fleet.alerts set since = since - interval '31 minutes' where raised_at is null")
  await watch()
  expect(await open()).toMatchObject([{ kind: 'target', subject: `regulator:${regulator}`, count: 2 }])
  await outcome(regulator, 'in_range')
  await watch()
  const other = await givenRegulated(admin, { was: 'dosed' })
  await watch()
  await outcome(other.regulator, 'in_range')
  await watch()
  const { rows } = await admin.query('select count(*)::int as n from fleet.alerts where raised_at is null')
  expect(rows[0].n).toBe(0)
})

it('failed zones above a tenth are a warning, from three tenths on critical, and end below a twentieth', async () => {
  const failed = async (n: number) => {
    await admin.query('delete from fleet.cycles')
    await admin.query(
      "select core.make_partitions('fleet.cycles', array[now(), now() - interval '5 seconds'])",
    )
    await admin.query(
      "insert into fleet.cycles (shard, slot, zones, success, failed) values (7, now() - interval '5 seconds', 100, 100 - $1::int, $1)",
      [n],
    )
    await watch()
    return (await open(operator))
      .filter(({ subject }) => subject === 'shard:7')
      .map(({ severity }) => severity)
  }
  expect(await failed(10)).toEqual([])
  expect(await failed(11)).toEqual(['warning'])
  expect(await failed(30)).toEqual(['critical'])
  expect(await failed(6)).toEqual(['critical'])
  expect(await failed(5)).toEqual([])
  expect(await open()).toEqual([])
})

it('a shard without a cycle for a minute is an alert', async () => {
  await admin.query("update fleet.cycles set slot = now() - interval '61 seconds'")
  await watch()
  expect(await open(operator)).toMatchObject([{ kind: 'cycle_missed', subject: 'shard:7' }])
})

it('a tenant acknowledges no alert of another one', async () => {
  await givenRegulated(admin, { tenant: 1, was: 'no_value' })
  await watch()
  const [alert] = await open()
  expect(alert).toMatchObject({ kind: 'metric_silent' })
  const other = await callerOf(app, 'tenant', 2)
  expect(tally([await other.post(`/alerts/${alert?.id ?? 0}/ack`, { body: {} })])).toEqual({
    '404 not_found': 1,
  })
  expect(await open(other)).toEqual([])
})
