import { describe, expect, it } from 'vitest'
import {
  acceptedBet,
  balanceOf,
  bet,
  deposit,
  posted,
  rowsOf,
  serverOf,
  unlimitedWorker,
} from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('appended events', () => {
  it('are appended once, counted and visible in the views', async () => {
    const server = await tenant()
    const events = [
      {
        aggregateId: 'b-1',
        type: 'V1_BETS_BET_PLACED',
        data: bet,
        idempotencyKey: 'e-1',
        expectedVersion: 0,
        occurredAt: '2026-01-02T03:04:05Z',
      },
      {
        aggregateId: 'b-1',
        type: 'V1_BETS_BET_ACCEPTED',
        data: {},
        expectedVersion: 1,
        idempotencyKey: 'e-2',
      },
      {
        aggregateId: 'c-1',
        type: 'V1_BALANCES_BALANCE_CREDITED',
        data: posted(5_000),
        idempotencyKey: 'e-3',
      },
      {
        aggregateId: 'b-1',
        type: 'V1_BALANCES_BALANCE_RESERVED',
        data: posted(1_000),
        idempotencyKey: 'e-4',
      },
    ]
    expect(await server.post('/events', { body: { events } })).toMatchObject({
      status: 201,
      trips: 1,
      body: { appended: 4, duplicates: 0 },
    })
    expect((await server.post('/events', { body: { events } })).body).toEqual({ appended: 0, duplicates: 4 })
    expect((await server.get('/bets/b-1')).body).toMatchObject({
      status: 'accepted',
      placedAt: '2026-01-02T03:04:05.000000Z',
      streamVersion: 2,
    })
    expect(await balanceOf(server)).toEqual([5_000, 1_000, 4_000])
    expect((await server.post('/bets/b-1/settle', { body: { outcome: 'won' } })).status).toBe(200)
    const spaced = { aggregateId: 'b-2', type: 'V1_BETS_BET_PLACED', data: { ...bet, selection: '  home ' } }
    const held = { aggregateId: 'b-2', type: 'V1_BALANCES_BALANCE_RESERVED', data: posted(1_000) }
    expect((await server.post('/events', { body: { events: [spaced, held] } })).status).toBe(201)
    expect((await server.get('/bets/b-2')).body['selection']).toBe('home')
    const other = { ...events[2], data: posted(5_001) }
    expect((await server.post('/events', { body: { events: [other] } })).body['code']).toBe(
      'idempotency_key_reused',
    )
  })

  it('are accepted up to ten thousand at a time', async () => {
    const server = await tenant()
    const events = Array.from({ length: 10_000 }, (_, n) => ({
      aggregateId: `c-${n}`,
      type: 'V1_BALANCES_BALANCE_CREDITED',
      data: { userId: `u-${n % 500}`, currency: 'USD', amountMinor: 1 },
    }))
    const answer = await server.post('/events', { body: { events } })
    expect(answer).toMatchObject({ status: 201, trips: 1, body: { appended: 10_000, duplicates: 0 } })
    expect(await balanceOf(server, 'u-7')).toEqual([20, 0, 20])
    expect((await server.post('/events', { body: { events: [...events, events[0]] } })).status).toBe(400)
  })
})

describe('the feed', () => {
  it('is read page by page to its end and continues from that cursor', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    await acceptedBet(server)
    const seen: string[] = []
    let cursor: string | null = null
    for (;;) {
      const { body } = await server.get(`/events?limit=2${cursor === null ? '' : `&after=${cursor}`}`)
      seen.push(...rowsOf(body).map(({ type }) => String(type)))
      if (rowsOf(body).length === 0) break
      cursor = String(body['nextCursor'])
    }
    expect(seen).toEqual([
      'V1_PAYMENTS_DEPOSIT_REQUESTED',
      'V1_PAYMENTS_DEPOSIT_COMPLETED',
      'V1_BALANCES_BALANCE_CREDITED',
      'V1_BETS_BET_PLACED',
      'V1_BALANCES_BALANCE_RESERVED',
      'V1_BETS_BET_ACCEPTED',
    ])
    await acceptedBet(server)
    const { body } = await server.get(`/events?after=${cursor}&type=V1_BETS_BET_PLACED`)
    expect(rowsOf(body)).toMatchObject([
      { type: 'V1_BETS_BET_PLACED', family: 'bets', actor: 'tenant:server' },
    ])
  })

  /** The text of the stream up to a match of `until`. */
  async function receive(tenantId: number, query: string, act: () => Promise<unknown>, until: RegExp) {
    const authorization = `Bearer ${await app.token('tenant', 'listener', tenantId)}`
    const response = await app.fetch(`/v1/ledger/events?${query}`, {
      headers: { authorization, accept: 'text/event-stream' },
    })
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    await act()
    let text = ''
    for (let ended = false; !ended && !until.test(text); ) {
      const { done, value = '' } = await reader.read()
      ended = done
      text += value
    }
    await reader.cancel()
    return text
  }

  it('streams new events to their tenant only', async () => {
    const server = await tenant()
    const other = await tenant()
    const act = async () => [await deposit(other, 1), await deposit(server, 777)]
    const text = await receive(tenants - 1, 'after=0-0', act, /BALANCE_CREDITED/)
    const amounts = [...text.matchAll(/"amountMinor":(\d+)/g)].map(([, amount]) => Number(amount))
    expect(new Set(amounts)).toEqual(new Set([777]))
  })

  it('resumes a stream at the last cursor and filters it by type', async () => {
    const server = await tenant()
    const act = async () => [await deposit(server, 1), await deposit(server, 2), await deposit(server, 3)]
    const type = 'V1_PAYMENTS_DEPOSIT_COMPLETED'
    const whole = /id: (\d+-\d+)\nevent: (V1\w+)\ndata: (.*)\n\n/
    const eventsOf = (text: string) => [...text.matchAll(new RegExp(whole, 'g'))]
    const received = eventsOf(await receive(tenants, `after=0-0&type=${type}`, act, whole))
    const rest = await receive(tenants, `after=${received.at(-1)?.[1]}&type=${type}`, act, whole)
    const all = [...received, ...eventsOf(rest)]
    expect(new Set(all.map(([, , name]) => name))).toEqual(new Set([type]))
    const payments = all.map(([, , , data]) => String(JSON.parse(data ?? '{}').aggregateId))
    expect(new Set(payments).size).toBe(payments.length)
  })

  it('refuses an unknown event type', async () => {
    const server = await tenant()
    expect((await server.get('/events?type=V9_NO_SUCH')).status).toBe(400)
  })
})

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
