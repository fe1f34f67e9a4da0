import { expect, it } from 'vitest'
import { Queries } from '../../../functions/ops/queries/contract.ts'
import { runJob } from '../../support/run-job.ts'
import { soon } from '../../support/soon.ts'
import { endpoints } from '../../support/system.ts'
import { freshWorker } from '../../support/worker.ts'

const app = await freshWorker()
const init = { headers: { authorization: `Bearer ${await app.token('admin', 'ann')}` } }
const lists = endpoints.filter(
  ({ method, path }) => method === 'get' && path.startsWith('/v1/ops/') && !/[{:]|live$/.test(path),
)

const ownNames = (text: string) =>
  [...text.matchAll(/^db_query_duration_seconds_count\{query="(ops\.[^"]+)"/gm)].map(([, name]) => name)

it('statements that show the system to its operator are listed like all others', async () => {
  expect(lists.length).toBeGreaterThan(15)
  for (const { path } of lists) expect([path, (await app.fetch(path, init)).status]).toEqual([path, 200])
  await expect
    .poll(async () => ownNames(await (await app.fetch('/metrics', init)).text()).length, soon)
    .toBeGreaterThan(lists.length / 2)
  const measured = ownNames(await (await app.fetch('/metrics', init)).text())
  await app.database.admin.query(`update core.query_reads set read_at = now() - interval '1 hour'`)
  await runJob(app, 'core-query-stats')
  const { why, data } = Queries.parse(await (await app.fetch('/v1/ops/queries', init)).json())
  expect(why).toBeNull()
  expect(data.map(({ name }) => name)).toEqual(expect.arrayContaining(measured))
})
