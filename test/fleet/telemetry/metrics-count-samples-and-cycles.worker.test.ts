import { expect, it } from 'vitest'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { givenRegulated } from '../support/regulated.ts'
import { givenNode } from '../support/samples.ts'

const app = await freshWorker({ bindings: { TARGET_CYCLE_SECONDS: '1', FLEET_SHARDS: '1' } })
const { admin } = app.database
const headers = { authorization: `Bearer ${await app.token('admin', 'ops')}` }

/** The value of a series of /metrics; NaN without it. */
const valueOf = (series: string) => async () => {
  const text = await (await app.fetch('/metrics', { headers })).text()
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.split(' ').at(-1) ?? Number.NaN)
}

it('samples count once they are stored, with the size of their batch; refused ones do not', async () => {
  const { uid } = await givenNode({ database: app.database })
  const sample = (value: unknown) => ({ nodeUid: uid, metric: 'ph', ts: new Date().toISOString(), value })
  const response = await app.fetch('/v1/fleet/telemetry', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await app.token('node', uid, 1)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ samples: [sample(6), sample('much')] }),
  })
  expect(response.status).toBe(202)
  await expect.poll(valueOf('telemetry_processed_total'), soon).toBe(1)
  expect(await valueOf('telemetry_batch_size_sum')()).toBe(1)
  expect(await valueOf('telemetry_batch_size_count')()).toBe(1)
})

it('cycles count their time and the zones that got no decision', async () => {
  const { regulator } = await givenRegulated(admin)
  await admin.query(
    `alter table fleet.decisions add constraint no_decision check (regulator_id <> ${regulator})`,
  )
  await app.scheduled('* * * * *')
  await expect.poll(valueOf('zone_processing_errors_total{error_type="23514"}'), soon).toBeGreaterThan(0)
  await admin.query('alter table fleet.decisions drop constraint no_decision')
  await expect.poll(valueOf('zone_processing_time_seconds_count'), soon).toBeGreaterThan(1)
  await expect.poll(valueOf('optimal_concurrency_zones'), soon).toBe(5)
})
