import { describe, expect, it } from 'vitest'
import type { Broker } from '../../../functions/fleet/configs/open-broker.ts'
import { publishConfig } from '../../../functions/fleet/configs/publish.ts'
import { freshDatabase } from '../../support/database.ts'
import { freshProxy } from '../../support/proxy.ts'
import { contextsOf } from '../support/context.ts'

const database = await freshDatabase()
// Direct connections of the negative control have no settings of their own.
await database.admin.query(`alter database ${database.name} set app.tenant_id = '*'`)
const as = contextsOf(database, await freshProxy(database, { maxSessions: 30 }))

const unclaimed = as.defective((text) =>
  text
    .replace('core.take_lock_of', 'pg_catalog.int4pl')
    .replace(/and \(c\.claimed_until is null or c\.claimed_until < now\(\)\)/, ''),
)

async function givenNode(): Promise<number> {
  const { rows } = await database.admin.query<{ id: string }>(
    `with house as (insert into fleet.greenhouses (tenant_id, name, timezone) values (1, 'North', 'UTC') returning id),
    node as (
      insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type)
      select 1, id, 'hardware-' || id, 'nd-ph-' || lpad(id::text, 8, '0'), 'ph' from house
      returning id
    )
    insert into fleet.node_configs (node_id, tenant_id, desired_version) select id, 1, 3 from node returning node_id as id`,
  )
  return Number(rows[0]?.id)
}

/** Notes the versions that it is given, and can change the configuration while it sends. */
function noting(meanwhile: () => Promise<unknown> = async () => undefined) {
  const sent: unknown[] = []
  const broker: Broker = {
    async publish({ payload }) {
      sent.push('version' in payload ? payload.version : null)
      await meanwhile()
    },
    close: () => undefined,
  }
  return { sent, broker }
}

describe('twenty publishers of one node', () => {
  it('send its document once', async () => {
    const id = await givenNode()
    const { sent, broker } = noting()
    await Promise.all(Array.from({ length: 20 }, () => publishConfig(as.everyTenant(), broker, id)))
    expect(sent).toEqual([3])
  })

  it('send its document once, also those that come while the broker has it and nobody noted it', async () => {
    const id = await givenNode()
    const first = () => sent.length === 1
    const { sent, broker } = noting(async () => {
      if (first())
        await Promise.all(Array.from({ length: 19 }, () => publishConfig(as.everyTenant(), broker, id)))
    })
    await publishConfig(as.everyTenant(), broker, id)
    expect(sent).toEqual([3])
  })

  it('send the change that comes during the publication, too', async () => {
    const id = await givenNode()
    let changes = 0
    const { sent, broker } = noting(async () => {
      changes += 1
      if (changes === 1)
        await database.admin.query(
          'update fleet.node_configs set desired_version = desired_version + 1 where node_id = $1',
          [id],
        )
    })
    await publishConfig(as.everyTenant(), broker, id)
    expect(sent).toEqual([3, 4])
  })

  it('send it many times without lock and claim: the check finds it', async () => {
    const id = await givenNode()
    const first = () => sent.length === 1
    const { sent, broker } = noting(async () => {
      if (first()) await publishConfig(unclaimed(), broker, id)
    })
    await publishConfig(unclaimed(), broker, id)
    expect(sent).toEqual([3, 3])
  })
})
