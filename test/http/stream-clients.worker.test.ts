import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { describe, expect, it } from 'vitest'
import { subscribe } from '../dispatch/support/listener.ts'
import { freshWorker } from '../support/worker.ts'
import { claimsOf, secret, signed } from './tokens.ts'

const app = await freshWorker({ bindings: { AUTH_SECRET: secret } })
const admin = `Bearer ${await signed(claimsOf('admin'))}`

async function post(path: string, body: object): Promise<number> {
  const response = await app.fetch(`/v1/dispatch${path}`, {
    method: 'POST',
    headers: { authorization: admin, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { id }: { id: number } = await response.json()
  return id
}

/** Reads the stream with this library until one event satisfies the condition, and then cuts the connection. */
async function eventFrom(after: string | undefined, wanted: (event: EventSourceMessage) => boolean) {
  const response = await app.fetch('/v1/dispatch/events', {
    headers: { authorization: admin, ...(after !== undefined && { 'last-event-id': after }) },
  })
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => void events.push(event) })
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    const found = events.find(wanted)
    // Leaving the loop cuts the connection.
    if (found !== undefined) return found
  }
  throw new Error('The stream ended early')
}

describe('a client whose library drops blocks without data', () => {
  it('would not notice a position that came without data', () => {
    const events: EventSourceMessage[] = []
    const parser = createParser({ onEvent: (event) => void events.push(event) })
    parser.feed(': here\nid: 1-1\n\n')
    parser.feed('event: told\ndata: {}\n\n')
    expect(events.map(({ id }) => id)).toEqual([undefined])
  })

  it('receives the events of the time in which it was cut off, before its first event', async () => {
    const storeId = await post('/stores', { name: 'Baker', pickupAddress: '1 Market Street' })
    const first = await eventFrom(undefined, ({ id }) => id !== undefined)
    expect(first.event).toBe('cursor')
    expect(JSON.parse(first.data)).toEqual({ cursor: first.id })

    const order = { deliveryAddress: '2 Long Lane', recipientName: 'Rosa', phone: '+44 20 7946 0000' }
    const orderId = await post('/orders', { storeId, ...order, boxesCount: 1 })
    const created = await eventFrom(first.id, ({ event }) => event === 'created')
    expect(JSON.parse(created.data)).toMatchObject({ orderId })
  })
})

describe('a stream', () => {
  it('ends with its token', async () => {
    const exp = Math.ceil(Date.now() / 1000) + 5
    const subscription = await subscribe(app, await signed({ ...claimsOf('admin'), exp }))
    await subscription.ready
    await subscription.ended
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000 - 50)
  })
})
