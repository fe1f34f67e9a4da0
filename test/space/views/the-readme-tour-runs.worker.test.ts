import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { spaceWorker } from '../support/space-worker.ts'

const readme = readFileSync(join(import.meta.dirname, '../../../functions/space/README.md'), 'utf8')
const [reads = '', faults = ''] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, script]) => script)
const { app, admin, upstreams, runJobs } = await spaceWorker()
await runJobs('elements', 'iss-position', 'osdr-sync')

/** The output of each command, one a line. The addresses of the README are those of this test. */
async function outputs(script: string): Promise<unknown[]> {
  const commands = script.replace(/^\w+=http.*$/gm, '').replaceAll(/^curl.*$/gm, '$&; echo')
  const env = { ...process.env, space: `${app.url}/v1/space`, upstreams: upstreams.url }
  const { stdout } = await promisify(execFile)('bash', ['-c', commands], { env })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

it('the reads of the README answer the position, passes, the track and datasets', async () => {
  expect(await outputs(reads)).toMatchObject([
    { noradId: 25544, source: 'wheretheiss', computed: false },
    { elementsEpoch: expect.any(String), data: expect.any(Array) },
    { type: 'Feature', geometry: { type: 'MultiLineString' } },
    { stale: false, data: expect.any(Array) },
  ])
})

it('the fault of the README makes the next position come from open-notify', async () => {
  expect(await outputs(faults)).toMatchObject([
    { failing: { wheretheiss: { fault: 'html-with-200' } } },
    { failing: { wheretheiss: { fault: 'html-with-200' } } },
  ])
  await admin.query('truncate space.iss_fetch_log')
  await runJobs('iss-position')
  const { rows } = await admin.query('select source, altitude_km, velocity_kmh from space.iss_fetch_log')
  expect(rows).toEqual([{ source: 'open-notify', altitude_km: null, velocity_kmh: null }])
})
