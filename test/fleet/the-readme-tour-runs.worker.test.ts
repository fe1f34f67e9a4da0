import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { freshWorker } from '../support/worker.ts'

const readme = readFileSync(join(import.meta.dirname, '../../functions/fleet/README.md'), 'utf8')
const [, tour = ''] = /## Tour\n.*?```sh\n(.*?)```/s.exec(readme) ?? []
const app = await freshWorker()

it('the commands of the README register a node, configure it and order something of it', async () => {
  const script = tour.replace(/^(fleet|tenant)=.*$/gm, '')
  const env = { ...process.env, fleet: `${app.url}/v1/fleet`, tenant: await app.token('tenant', 'grower', 1) }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
  const answers = stdout.trim().split('\n')
  expect(answers.map((answer) => JSON.parse(answer))).toMatchObject([
    { lifecycle: 'ASSIGNED_TO_ZONE', zoneId: 1 },
    { version: 3, settings: { intervalSeconds: 30 } },
    { version: 3, zoneId: 1, settings: { intervalSeconds: 30 } },
    { outcome: 'applied', desiredVersion: 3, offered: true },
    { mode: 'manual', epoch: 2 },
    { kind: 'on', state: 'QUEUED' },
    { data: [{ kind: 'on', state: 'SENT' }] },
  ])
})
