import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { freshWorker } from '../../support/worker.ts'
import { givenCourier, givenStore } from '../support/given.ts'

const readme = readFileSync(join(import.meta.dirname, '../../../functions/dispatch/README.md'), 'utf8')
const bulk = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, script]) => script ?? '').at(-1) ?? ''
const app = await freshWorker()

it('the bulk commands of the README create, assign and accept an order', async () => {
  const storeId = await givenStore(app.database.admin)
  const courierId = await givenCourier(app.database.admin)
  const [store, admin] = [await app.token('store', storeId), await app.token('admin', 1)]
  const script = bulk.replace(/^admin=.*$/m, '').replace('"orderId":501', '"orderId":1')
  const env = { ...process.env, dispatch: `${app.url}/v1/dispatch`, store, admin }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
  const answers = stdout.trim().split('\n')
  expect(answers.map((answer) => JSON.parse(answer))).toMatchObject([
    { data: [{ ok: true }, { ok: false, problem: { code: 'validation_failed' } }] },
    { data: [{ orderId: 1, ok: true, courierId }] },
    { data: [{ orderId: 1, ok: true, status: 'accepted' }] },
  ])
})
