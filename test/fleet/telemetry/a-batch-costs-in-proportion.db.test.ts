import { beforeAll, expect, it } from 'vitest'
import { storing } from '../../../functions/core/consume.ts'
import type { Message } from '../../../functions/core/ingest-message.ts'
import { telemetryQueue } from '../../../functions/fleet/queue.ts'
import { storeSamples } from '../../../functions/fleet/telemetry/store.ts'
import { freshDatabase } from '../../support/database.ts'
import { explain } from '../../support/explain.ts'

const { admin, connect, workerUrl } = await freshDatabase()
const nodes = 50

beforeAll(async () => {
  await admin.query(
    `with house as (
       insert into fleet.greenhouses (tenant_id, name, timezone) values (1, 'North', 'UTC') returning id
     )
     insert into fleet.nodes (tenant_id, greenhouse_id, hardware_id, uid, type, lifecycle)
     select 1, house.id, 'esp32-' || n, 'nd-ph-' || n, 'ph', 'ACTIVE' from house, generate_series(1, $1::int) n`,
    [nodes],
  )
  await admin.query('select core.keep_partitions()')
  await admin.query('analyze fleet.nodes, fleet.metrics')
})

/** One sample of each of so many nodes. */
function messageOf(count: number): Message {
  const ts = Date.now() - 60_000
  return {
    v: 1,
    source: crypto.randomUUID(),
    n: 1,
    at: new Date().toISOString(),
    answered: count,
    items: Array.from({ length: count }, (_, node) => [node, 0, ts, 6.1]),
    shared: {
      batch: crypto.randomUUID(),
      tenant: 1,
      nodes: Array.from({ length: count }, (_, node) => `nd-ph-${node + 1}`),
      metrics: [['ph', null]],
    },
  }
}

/** The pages that the statement touches for each sample, with the plan that Postgres makes before it knows the tables. */
async function pagesASample(count: number): Promise<number> {
  const client = await connect(workerUrl)
  await client.query(`begin; select set_config('app.tenant_id', '*', true)`)
  const { rows } = await explain(client, storing(telemetryQueue, storeSamples(), [messageOf(count)]))
  const stored = await client.query('select from fleet.telemetry_samples')
  expect(stored.rowCount).toBe(count)
  await client.query('rollback')
  return pagesOf(rows[0]['QUERY PLAN'][0].Plan) / count
}

type Node = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number; Plans?: Node[] }

/** A step counts its own pages and those of the steps that it reads; the last writing step has nearly all. */
function pagesOf(node: Node): number {
  const own = node['Shared Hit Blocks'] + node['Shared Read Blocks']
  return Math.max(own, ...(node.Plans ?? []).map(pagesOf))
}

/** With a plan that took the locks anew for each node of the tenant it was 137 and 157. */
it('a batch touches few pages for each of its samples, whether it has ten of the nodes or all', async () => {
  expect(await pagesASample(10)).toBeLessThan(60)
  expect(await pagesASample(nodes)).toBeLessThan(60)
})
