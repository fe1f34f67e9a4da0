import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { serveHttp } from '../../../dev/system/serve-http.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { freshWorker } from '../../support/worker.ts'
import { anotherOrder, caller, orderToPickup, runWebhooks } from '../support/subscriber.ts'

/** A DNS resolver over HTTP. A test sets the addresses of each name, and may change them. */
const zone = new Map<string, { A?: string[]; AAAA?: string[] }>()
const resolver = await serveHttp((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://resolver')
  const type = searchParams.get('type') === 'AAAA' ? 'AAAA' : 'A'
  const data = zone.get(searchParams.get('name') ?? '')?.[type] ?? []
  const answer = {
    Status: 0,
    Answer: data.map((address) => ({ type: type === 'A' ? 1 : 28, data: address })),
  }
  response.setHeader('content-type', 'application/dns-json').end(JSON.stringify(answer))
})
atTheEnd(resolver.close)

/** A private server that counts the connections made to it. */
let connections = 0
const privateServer = createServer((socket) => {
  connections += 1
  socket.destroy()
})

privateServer.listen(0, '127.0.0.1')
await once(privateServer, 'listening')
const { port: privatePort } = privateServer.address() as AddressInfo
atTheEnd(() => privateServer.close())
const app = await freshWorker({
  bindings: {
    WEBHOOK_KEY: 'a key that encrypts the secrets of webhooks',
    WEBHOOK_LINGER_SECONDS: '0',
    DNS_OVER_HTTPS: `${resolver.origin}/dns-query`,
  },
})
const { storeId } = await orderToPickup(app)
const store = caller(app, await app.token('store', storeId))

const subscribe = (url: string) => store.post('/v1/webhooks', { body: { url, events: ['order.created'] } })

const spellings = [
  `http://127.0.0.1:PORT/`,
  'https://127.0.0.1:PORT/',
  'https://2130706433:PORT/',
  'https://0177.0.0.1:PORT/',
  'https://0x7f.1:PORT/',
  'https://127.1:PORT/',
  'https://[::1]:PORT/',
  'https://[::ffff:127.0.0.1]:PORT/',
  'https://[::ffff:7f00:1]:PORT/',
  'https://localhost:PORT/',
  'https://user@127.0.0.1:PORT/',
  'https://inside.example.com:PORT/',
  'https://mixed.example.com:PORT/',
  'https://nowhere.example.com:PORT/',
]

describe('a target that is not public', () => {
  zone.set('inside.example.com', { A: ['10.1.2.3'] })
  zone.set('mixed.example.com', { A: ['93.184.216.34'], AAAA: ['::ffff:127.0.0.1'] })

  it.each(spellings)('%s is refused when a webhook names it, and no connection is made', async (spelling) => {
    const { status, body } = await subscribe(spelling.replace('PORT', String(privatePort)))
    expect(status).toBe(422)
    expect(body).toMatchObject({ code: 'target_refused', retryable: false })
    expect(connections).toBe(0)
  })

  it('is refused for a change as well, and the webhook stays unchanged', async () => {
    zone.set('hooks.example.com', { A: ['93.184.216.34'] })
    const { body } = await subscribe('https://hooks.example.com/in')
    const path = `/v1/webhooks/${String(body['id'])}`
    const changed = await store.patch(path, {
      body: { url: `https://127.0.0.1:${privatePort}/` },
      ifMatch: Number(body['version']),
    })
    expect(changed).toMatchObject({ status: 422, body: { code: 'target_refused' } })
    expect((await store.get(path)).body).toMatchObject({ url: 'https://hooks.example.com/in', version: 1 })
    await store.delete(path)
  })
})

describe('a public target', () => {
  it.each(['HTTPS://HOOKS.example.com/In', 'https:hooks.example.com/In'])(
    'is stored as it was parsed: %s',
    async (typed) => {
      zone.set('hooks.example.com', { A: ['93.184.216.34'] })
      const { status, body } = await subscribe(typed)
      expect({ status, url: body['url'] }).toEqual({ status: 201, url: 'https://hooks.example.com/In' })
      await store.delete(`/v1/webhooks/${String(body['id'])}`)
    },
  )
})

describe('a name that resolves to a private address after it was accepted', () => {
  it('fails the attempt before a connection is made', async () => {
    zone.set('rebinding.example.com', { A: ['93.184.216.34'], AAAA: ['2606:2800:220:1::1'] })
    const { status, body } = await subscribe(`https://rebinding.example.com:${privatePort}/`)
    expect(status).toBe(201)
    for (const rebound of [{ A: ['127.0.0.1'] }, { A: ['93.184.216.34'], AAAA: ['::1'] }, {}]) {
      zone.set('rebinding.example.com', rebound)
      const tested = await store.post(`/v1/webhooks/${String(body['id'])}/test`)
      const outcome = rebound.A === undefined ? 'unresolvable' : 'private_address'
      expect(tested.body).toMatchObject({ state: 'waiting', attempts: [{ outcome, status: null }] })
    }
    expect(connections).toBe(0)
    await store.delete(`/v1/webhooks/${String(body['id'])}`)
  })

  it('delays neither the request that changes an order nor the delivery run', async () => {
    const { body } = await subscribe(`https://rebinding.example.com:${privatePort}/`).then(
      async (refused) => {
        expect(refused.status).toBe(422)
        zone.set('rebinding.example.com', { A: ['93.184.216.34'] })
        const accepted = await subscribe(`https://rebinding.example.com:${privatePort}/`)
        zone.set('rebinding.example.com', { A: ['127.0.0.1'] })
        return accepted
      },
    )
    expect(await anotherOrder(app, storeId)).toBeGreaterThan(0)
    await runWebhooks(app)
    const { body: page } = await store.get(`/v1/webhooks/${String(body['id'])}/deliveries`)
    expect(page['data']).toMatchObject([{ state: 'waiting', attempts: [{ outcome: 'private_address' }] }])
  })
})
