import { expect, it } from 'vitest'
import type { JobResult } from '../../../functions/core/job.ts'
import { publishPending } from '../../../functions/fleet/configs/publish-pending.ts'
import { everyTenant } from '../../../functions/fleet/greenhouses/scope.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { soon } from '../../support/soon.ts'
import { freshBroker } from '../support/broker.ts'
import { givenNode } from '../support/samples.ts'

const environment = await freshEnvironment()
const broker = await freshBroker()
const { admin } = environment.database

function run(runMs: number): Promise<JobResult> {
  const ctx = environment.ctx({ bindings: { MQTT_URL: broker.url } })
  return publishPending({ ...ctx, db: ctx.db.with(everyTenant) }, null, { mostNodes: 4, runMs })
}

it('the documents of two tenants take turns, and one run goes on until none is pending', async () => {
  const tenantOf = new Map<string, number>()
  for (const tenantId of [1, 1, 1, 1, 1, 1, 1, 2, 2, 2]) {
    const { id, uid } = await givenNode(environment, { tenantId })
    tenantOf.set(uid, tenantId)
    await admin.query(
      `insert into fleet.node_configs (node_id, tenant_id, desired_version, desired_at)
       values ($1, $2, 2, now() - interval '1 hour' + $3 * interval '1 second')`,
      [id, tenantId, tenantOf.size],
    )
  }
  const published = () => broker.published.map(({ topic }) => tenantOf.get(topic.split('/')[3] ?? ''))
  expect(await run(0)).toEqual({ rows: 4, more: true })
  await expect.poll(published, soon).toEqual([1, 2, 1, 2])
  expect(await run(3_600_000)).toEqual({ rows: 6, more: false })
  await expect.poll(published, soon).toEqual([1, 2, 1, 2, 1, 2, 1, 1, 1, 1])
})
