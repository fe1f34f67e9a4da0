import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, vi } from 'vitest'
import { freePort } from '../../../dev/system/free-port.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { soon } from '../../support/soon.ts'
import { freshWorker } from '../../support/worker.ts'
import { anotherOrder, caller, orderToPickup, runWebhooks } from '../support/subscriber.ts'

const root = join(import.meta.dirname, '../../..')
const readme = readFileSync(join(root, 'functions/webhooks/README.md'), 'utf8')
const receiver = /^## Tour\n.*?```js\n(.*?)```/ms.exec(readme)?.[1] ?? ''

// Below the ports that other files take: until the receiver listens, it must stay free.
const port = await freePort(randomInt(10_000, 15_000))
const origin = `http://127.0.0.1:${port}`
const app = await freshWorker({
  bindings: {
    WEBHOOK_ALLOW: origin,
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
    WEBHOOK_LINGER_SECONDS: '0',
  },
})
const { storeId } = await orderToPickup(app)
const store = caller(app, await app.token('store', storeId))

/** Starts the receiver of the README as a reader would. Returns the lines that it prints. */
async function startReceiver(secret: string): Promise<string[]> {
  const script = receiver.replace('9000', String(port))
  const env = { ...process.env, SECRET: secret }
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, env })
  atTheEnd(() => void child.kill())
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  await vi.waitUntil(() => fetch(origin).catch(() => null), soon)
  return lines
}

it('the receiver of the README accepts signed events only', async () => {
  const { body } = await store.post('/v1/webhooks', { body: { url: `${origin}/`, events: ['order.*'] } })
  const lines = await startReceiver(String(body['secret']))
  const tested = await store.post(`/v1/webhooks/${String(body['id'])}/test`)
  await anotherOrder(app, storeId)
  await runWebhooks(app)
  await vi.waitUntil(() => lines.length >= 6, soon)
  const [unsigned, ...accepted] = lines
  expect(unsigned).toBe('Missing required headers')
  expect(accepted[0]).toBe(`webhook.test ${String(tested.body['eventId'])}`)
  expect(accepted.slice(1).map((line) => line.replace(/ evt_dispatch_\d+$/, ''))).toEqual([
    'order.created',
    'order.claimed',
    'order.accepted',
    'order.picked_up',
  ])
})
