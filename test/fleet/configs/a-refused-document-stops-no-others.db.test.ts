import { expect, it } from 'vitest'
import { publishPending } from '../../../functions/fleet/configs/publish-pending.ts'
import { everyTenant } from '../../../functions/fleet/greenhouses/scope.ts'
import { failure, freshEnvironment } from '../../core/environment.ts'
import { soon } from '../../support/soon.ts'
import { freshBroker } from '../support/broker.ts'
import { givenNode } from '../support/samples.ts'

const environment = await freshEnvironment()
const broker = await freshBroker()
const { admin } = environment.database

it('a document that the broker refuses in each run stops no later one', async () => {
  const [first, second] = [await givenNode(environment), await givenNode(environment)]
  await admin.query(
    `insert into fleet.node_configs (node_id, tenant_id, desired_version, desired_at)
     select n.id, 1, 2, now() - case n.id when $1 then interval '2 hours' else interval '1 hour' end from fleet.nodes n`,
    [first.id],
  )
  broker.refuseTopic(`/${first.uid}/`)
  const run = () => {
    const ctx = environment.ctx({ bindings: { MQTT_URL: broker.url } })
    return publishPending({ ...ctx, db: ctx.db.with(everyTenant) }, null)
  }
  for (const _ of [1, 2]) {
    expect(await failure(run())).toBeInstanceOf(Error)
    // A minute later the claim is over.
    await admin.query(
      `update fleet.node_configs set claimed_until = now() - interval '1 second' where claimed_until > now()`,
    )
  }
  await expect
    .poll(() => broker.published.map(({ topic }) => topic.split('/')[3]), soon)
    .toEqual([second.uid])
})
