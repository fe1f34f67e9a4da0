import { expect, it, onTestFinished } from 'vitest'
import { subscribe } from '../dispatch/support/listener.ts'
import { freshWorker } from '../support/worker.ts'

const app = await freshWorker({ bindings: { STREAMS_PER_CALLER: '2', STREAMS_IN_ALL: '3' } })
const [ann, bob] = [await app.token('admin', 'ann'), await app.token('admin', 'bob')]

async function open(token: string) {
  const subscription = await subscribe(app, token)
  onTestFinished(() => subscription.close())
  return subscription
}

async function attempt(token: string, path = '/v1/dispatch/events') {
  const aborter = new AbortController()
  const { status, headers } = await app.fetch(path, {
    headers: { authorization: `Bearer ${token}` },
    signal: aborter.signal,
  })
  aborter.abort()
  return { status, retryAfter: headers.get('retry-after') }
}

it('opens a few streams for a caller and a few in all, refuses further ones, and again opens one after one has closed', async () => {
  const refused = { status: 503, retryAfter: '30' }
  const [first] = [await open(ann), await open(ann)]
  expect(await attempt(ann)).toEqual(refused)
  await open(bob)
  expect(await attempt(bob)).toEqual(refused)
  // Another object has places of its own.
  expect(await attempt(ann, '/v1/ops/live')).toMatchObject({ status: 200 })
  first.close()
  // Without events an object notices at its second heartbeat, after half a minute, that a client has gone.
  await expect.poll(async () => (await attempt(ann)).status, { timeout: 100_000, interval: 1_000 }).toBe(200)
})
