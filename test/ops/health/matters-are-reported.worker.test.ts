import { expect, it } from 'vitest'
import { Readiness } from '../../../functions/ops/health/contract.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker()
const { admin } = app.database

const matters = async () => {
  const response = await app.fetch('/readyz')
  const { ready, matters } = Readiness.parse(await response.json())
  return { ready, ...Object.fromEntries(matters.map(({ name, ok }) => [name, ok])) }
}

it('the clock, the gatherer, upstreams and the cycles of zones are reported, and make the Worker no less ready', async () => {
  expect(await matters()).toMatchObject({
    ready: true,
    clock: null,
    gatherer: true,
    'last cycle of shard 0': null,
    'last cycle of shard 2': null,
  })
  await app.scheduled('* * * * *')
  await expect.poll(matters, soon).toMatchObject({ ready: true, clock: true, 'upstream wheretheiss': true })
  await admin.query(`update core.job_runs set started_at = started_at - interval '10 minutes'`)
  await expect.poll(matters, soon).toMatchObject({ ready: true, clock: false })
})
