import { beforeAll, expect, it } from 'vitest'
import { givenNodes, messagesOf, samplesAt } from '../../../bench/fleet/samples.ts'
import { storing } from '../../../functions/core/consume.ts'
import { telemetryQueue } from '../../../functions/fleet/queue.ts'
import { storeSamples } from '../../../functions/fleet/telemetry/store.ts'
import { freshDatabase } from '../../support/database.ts'
import { explain } from '../../support/explain.ts'
import { untilLasts } from '../../support/lasting.ts'

await untilLasts('day', 60)
const { admin, connect, workerUrl } = await freshDatabase()
beforeAll(() => givenNodes(admin))

/** The pages that the statement touches for each sample, with the plan that Postgres makes before it knows the tables. */
async function pagesASample(count: number): Promise<number> {
  const client = await connect(workerUrl)
  await client.query(`begin; select set_config('app.tenant_id', '*', true)`)
  const { rows } = await explain(
    client,
    storing(telemetryQueue, storeSamples(), messagesOf(samplesAt(0, count, Date.now() - 60_000))),
  )
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
  expect(await pagesASample(50)).toBeLessThan(60)
})
