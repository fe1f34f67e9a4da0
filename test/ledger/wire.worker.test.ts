import { describe, expect, it } from 'vitest'
import { contents } from '../http/contents.ts'
import { freshWorker } from '../support/worker.ts'
import { acceptedBet, balanceOf, bet, deposit, serverOf } from './http.ts'
import { violations } from './violations.ts'

const unlimited = { limit: 1_000_000, period: 60 } as const
const app = await freshWorker({ rateLimits: { RATE_READ: unlimited, RATE_WRITE: unlimited } })
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)
const every = (body: Record<string, unknown>) => body['data'] as Record<string, unknown>[]

describe('a bet that is won', () => {
  it('goes from deposit to payout, each step in one round trip', async () => {
    const server = await tenant()
    const money = { userId: 'u-1', amountMinor: 5_000, currency: 'USD' }
    const requested = await server.post('/payments/deposits', { body: money })
    expect(requested).toMatchObject({
      status: 201,
      trips: 1,
      body: { status: 'requested', kind: 'deposit', streamVersion: 1 },
    })
    expect(requested.headers.get('location')).toBe(`/v1/ledger/payments/${String(requested.body['id'])}`)
    const completed = await server.post(`/payments/${String(requested.body['id'])}/complete`, { body: {} })
    expect(completed).toMatchObject({
      status: 200,
      trips: 1,
      body: { status: 'completed', streamVersion: 2 },
    })

    const placed = await server.post('/bets', { body: bet })
    expect(placed).toMatchObject({
      status: 201,
      trips: 1,
      body: { ...bet, status: 'placed', payoutMinor: null, streamVersion: 1 },
    })
    const path = `/bets/${String(placed.body['id'])}`
    expect(await server.post(`${path}/accept`, { body: {} })).toMatchObject({
      status: 200,
      trips: 1,
      body: { status: 'accepted' },
    })
    const settled = await server.post(`${path}/settle`, { body: { outcome: 'won' } })
    expect(settled).toMatchObject({
      status: 200,
      trips: 1,
      body: { status: 'won', payoutMinor: 2_500, streamVersion: 3 },
    })
    expect(settled.headers.get('etag')).toBe('"3"')

    const balances = await server.get('/users/u-1/balances')
    expect(balances.body).toMatchObject({
      data: [{ currency: 'USD', exponent: 2, balanceMinor: 6_500, reservedMinor: 0, availableMinor: 6_500 }],
    })
    expect(balances.trips).toBe(1)
    const read = await server.get(path)
    expect(read.body).toEqual(settled.body)
    const history = await server.get(`${path}/events?limit=2`)
    expect(every(history.body).map(({ type }) => type)).toEqual([
      'V1_BETS_BET_PLACED',
      'V1_BETS_BET_ACCEPTED',
    ])
    const rest = await server.get(`${path}/events?limit=2&cursor=${String(history.body['nextCursor'])}`)
    expect(every(rest.body)).toMatchObject([{ type: 'V1_BETS_BET_WON', data: { payoutMinor: 2_500 } }])
  })

  it('is read with 304 while its version stands', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const id = await acceptedBet(server)
    const authorization = `Bearer ${await app.token('tenant', 'server', tenants)}`
    const response = await app.fetch(`/v1/ledger/bets/${id}`, {
      headers: { authorization, 'if-none-match': '"2"' },
    })
    expect(response.status).toBe(304)
  })
})

describe('what is refused', () => {
  it('names its reason, and leaves every table as it was', async () => {
    const server = await tenant()
    await deposit(server, 1_500)
    const open = await acceptedBet(server)
    const won = await acceptedBet(server, { stakeMinor: 500 })
    await server.post(`/bets/${won}/settle`, { body: { outcome: 'won' } })
    const before = await contents(admin)
    const refused: [string, number, object, unknown?][] = [
      ['/bets', 409, { code: 'insufficient_funds', availableMinor: 1_250 }, { ...bet, stakeMinor: 1_251 }],
      ['/bets', 422, { code: 'amount_out_of_range' }, { ...bet, stakeMinor: 9007199254740991, odds: '1.01' }],
      [
        '/payments/withdrawals',
        409,
        { code: 'insufficient_funds' },
        { userId: 'u-1', amountMinor: 9_999, currency: 'USD' },
      ],
      [
        '/payments/withdrawals',
        409,
        { code: 'insufficient_funds', availableMinor: 0 },
        { userId: 'u-1', amountMinor: 1, currency: 'EUR' },
      ],
      [`/bets/${won}/cancel`, 409, { code: 'illegal_transition', from: 'won', to: 'cancelled' }, {}],
      [
        `/bets/${won}/settle`,
        409,
        { code: 'illegal_transition', from: 'won', to: 'lost' },
        { outcome: 'lost' },
      ],
      [`/bets/${open}/accept`, 409, { code: 'illegal_transition', from: 'accepted', to: 'accepted' }],
      [`/bets/${open}/void`, 409, { code: 'version_conflict', current: 2 }, { expectedVersion: 1 }],
      ['/bets/nothing/void', 404, { code: 'not_found' }],
      ['/payments/nothing/complete', 404, { code: 'not_found' }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, stakeMinor: 0 }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, stakeMinor: 10.5 }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, stakeMinor: 2 ** 53 }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, odds: 2.5 }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, odds: '0.99' }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, currency: 'XXX' }],
      ['/bets', 400, { code: 'validation_failed' }, { ...bet, tenantId: 1 }],
      [`/bets/${open}/settle`, 400, { code: 'validation_failed' }, { outcome: 'lost', payoutMinor: 1 }],
      [
        '/transfers/batch',
        409,
        { code: 'transfers_rejected' },
        batch(true, ['u-1', 'u-2', 1_000], ['u-1', 'u-2', 1_000]),
      ],
      ['/transfers/batch', 400, { code: 'validation_failed' }, batch(false, ['u-1', 'u-1', 1])],
      [
        '/events',
        409,
        { code: 'insufficient_funds', availableMinor: 1_250 },
        raw('x', 'V1_BALANCES_BALANCE_DEBITED', 5_000),
      ],
      ['/events', 409, { code: 'hold_missing' }, raw('x', 'V1_BALANCES_BALANCE_RELEASED', 1)],
      [
        '/events',
        409,
        { code: 'version_conflict', current: 0 },
        raw('x', 'V1_BALANCES_BALANCE_CREDITED', 1, { expectedVersion: 1 }),
      ],
      [
        '/events',
        409,
        { code: 'illegal_transition', from: 'won', to: 'lost' },
        { events: [{ aggregateId: won, type: 'V1_BETS_BET_LOST', data: {} }] },
      ],
      [
        '/events',
        400,
        { code: 'validation_failed', errors: [{ path: 'events.0.data.amountMinor' }] },
        raw('x', 'V1_BALANCES_BALANCE_CREDITED', 0),
      ],
      [
        '/events',
        400,
        { code: 'validation_failed', errors: [{ path: 'events.0.type' }] },
        raw('x', 'V9_NO_SUCH', 1),
      ],
    ]
    for (const [path, status, problem, body] of refused)
      expect(
        await server.post(path, body === undefined ? {} : { body }),
        `${path} ${JSON.stringify(body)}`,
      ).toMatchObject({
        status,
        body: { ...problem, outcome: 'none' },
      })
    expect(await contents(admin)).toEqual(before)
  })

  it('is refused again under its key, although the money has come since', async () => {
    const server = await tenant()
    const first = await server.post('/bets', { body: bet, key: 'early' })
    await deposit(server, 5_000)
    const again = await server.post('/bets', { body: bet, key: 'early' })
    expect([first.status, again.status]).toEqual([409, 409])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await server.post('/bets', { body: { ...bet, stakeMinor: 2 }, key: 'early' })).body['code']).toBe(
      'idempotency_key_reused',
    )
  })

  it('is not done again by a key whose day is over', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    expect((await server.post('/bets', { body: bet, key: 'old' })).status).toBe(201)
    await admin.query(`update core.idempotency_keys set created_at = now() - interval '25 hours'`)
    expect((await server.post('/bets', { body: bet, key: 'old' })).body['code']).toBe(
      'idempotency_key_reused',
    )
    expect(await balanceOf(server)).toEqual([5_000, 1_000, 4_000])
  })
})

describe('charge-backs', () => {
  it('take an account below zero only where that is allowed, and only there', async () => {
    const server = await tenant()
    const id = await deposit(server, 1_000)
    await acceptedBet(server, { stakeMinor: 400 })
    expect((await server.post(`/payments/${id}/charge-back`)).body).toMatchObject({
      code: 'insufficient_funds',
      availableMinor: 600,
    })
    const allowed = await server.post('/users/u-1/balances/USD/allow-overdraft', { body: { reason: 'vip' } })
    expect(allowed).toMatchObject({ status: 200, body: { mayGoNegative: true } })
    expect((await server.post(`/payments/${id}/charge-back`)).body).toMatchObject({ status: 'charged_back' })
    expect(await balanceOf(server)).toEqual([0, 400, -400])
    expect((await server.post('/bets', { body: { ...bet, stakeMinor: 1 } })).body['code']).toBe(
      'insufficient_funds',
    )
    expect(
      (await server.post('/users/u-1/balances/USD/forbid-overdraft', { body: { reason: 'no more' } })).status,
    ).toBe(409)
    expect(
      (await server.post('/users/u-9/balances/USD/allow-overdraft', { body: { reason: 'x' } })).status,
    ).toBe(404)
  })
})

describe('transfers', () => {
  it('are each decided with what the ones before them left', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const answer = await server.post('/transfers/batch', {
      body: batch(
        false,
        ['u-1', 'u-2', 800],
        ['u-2', 'u-3', 900],
        ['u-2', 'u-3', 500],
        ['u-3', 'u-1', 500],
        ['u-1', 'u-2', 701],
      ),
    })
    expect(answer).toMatchObject({ status: 200, trips: 1, body: { accepted: 3, rejected: 2 } })
    expect(answer.body['results'] as object[]).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', code: 'insufficient_funds', availableMinor: 800 },
      { status: 'accepted' },
      { status: 'accepted' },
      { status: 'rejected', code: 'insufficient_funds', availableMinor: 700 },
    ])
    expect(await Promise.all(['u-1', 'u-2', 'u-3'].map((user) => balanceOf(server, user)))).toEqual([
      [700, 0, 700],
      [300, 0, 300],
      [0, 0, 0],
    ])
  })

  it('with keys of their own are made once, in the same batch and in later ones', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const keyed = {
      fromUserId: 'u-1',
      toUserId: 'u-2',
      amountMinor: 100,
      currency: 'USD',
      idempotencyKey: 't-1',
    }
    const first = await server.post('/transfers/batch', { body: { transfers: [keyed, keyed] } })
    const [one, two] = first.body['results'] as Record<string, unknown>[]
    expect([one?.['status'], two?.['status'], two?.['id']]).toEqual(['accepted', 'duplicate', one?.['id']])
    const later = await server.post('/transfers/batch', {
      body: { transfers: [{ ...keyed, amountMinor: 99 }, keyed] },
    })
    expect(later.body['results']).toMatchObject([
      { status: 'rejected', code: 'idempotency_key_reused' },
      { status: 'duplicate', id: one?.['id'] },
    ])
    expect(await balanceOf(server, 'u-2')).toEqual([100, 0, 100])
  })
})

describe('raw events', () => {
  it('are appended once, counted, and seen in the views', async () => {
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
    expect((await server.post('/events', { body: { events: [spaced] } })).status).toBe(201)
    expect((await server.get('/bets/b-2')).body['selection']).toBe('home')
    const other = { ...events[2], data: posted(5_001) }
    expect((await server.post('/events', { body: { events: [other] } })).body['code']).toBe(
      'idempotency_key_reused',
    )
  })

  it('come ten thousand at a time, and no more', async () => {
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
  it('is read to the end page by page, and goes on from there', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    await acceptedBet(server)
    const seen: string[] = []
    let cursor: string | null = null
    for (;;) {
      const { body } = await server.get(`/events?limit=2${cursor === null ? '' : `&after=${cursor}`}`)
      seen.push(...every(body).map(({ type }) => String(type)))
      if (every(body).length === 0) break
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
    expect(every(body)).toMatchObject([
      { type: 'V1_BETS_BET_PLACED', family: 'bets', actor: 'tenant:server' },
    ])
  })

  /** What is heard until something has come. */
  async function listen(tenantId: number, query: string, act: () => Promise<unknown>, until: RegExp) {
    const authorization = `Bearer ${await app.token('tenant', 'ear', tenantId)}`
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

  it('is heard as it happens, by the tenant alone', async () => {
    const server = await tenant()
    const other = await tenant()
    const act = async () => [await deposit(other, 1), await deposit(server, 777)]
    const text = await listen(tenants - 1, 'after=0-0', act, /BALANCE_CREDITED/)
    const amounts = [...text.matchAll(/"amountMinor":(\d+)/g)].map(([, amount]) => Number(amount))
    expect(new Set(amounts)).toEqual(new Set([777]))
  })

  it('is heard from where it broke off, and of one type alone for who asks so', async () => {
    const server = await tenant()
    const act = async () => [await deposit(server, 1), await deposit(server, 2), await deposit(server, 3)]
    const type = 'V1_PAYMENTS_DEPOSIT_COMPLETED'
    const whole = /id: (\d+-\d+)\nevent: (V1\w+)\ndata: (.*)\n\n/
    const eventsOf = (text: string) => [...text.matchAll(new RegExp(whole, 'g'))]
    const heard = eventsOf(await listen(tenants, `after=0-0&type=${type}`, act, whole))
    const rest = await listen(tenants, `after=${heard.at(-1)?.[1]}&type=${type}`, act, whole)
    const all = [...heard, ...eventsOf(rest)]
    expect(new Set(all.map(([, , name]) => name))).toEqual(new Set([type]))
    const payments = all.map(([, , , data]) => String(JSON.parse(data ?? '{}').aggregateId))
    expect(new Set(payments).size).toBe(payments.length)
  })

  it('of a type that there is not is refused', async () => {
    const server = await tenant()
    expect((await server.get('/events?type=V9_NO_SUCH')).status).toBe(400)
  })
})

describe('a statement', () => {
  it('has the running balance, over pages and from a day', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    const id = await acceptedBet(server)
    await server.post(`/bets/${id}/settle`, { body: { outcome: 'lost' } })
    await deposit(server, 100)
    const first = await server.get('/users/u-1/statement?currency=USD&limit=3')
    const second = await server.get(
      `/users/u-1/statement?currency=USD&limit=3&cursor=${String(first.body['nextCursor'])}`,
    )
    const entries = [...every(first.body), ...every(second.body)]
    expect(
      entries.map(({ type, balanceMinor, reservedMinor }) => [type, balanceMinor, reservedMinor]),
    ).toEqual([
      ['V1_BALANCES_BALANCE_CREDITED', 5_000, 0],
      ['V1_BALANCES_BALANCE_RESERVED', 5_000, 1_000],
      ['V1_BALANCES_BALANCE_RELEASED', 5_000, 0],
      ['V1_BALANCES_BALANCE_DEBITED', 4_000, 0],
      ['V1_BALANCES_BALANCE_CREDITED', 4_100, 0],
    ])
    expect(second.body['nextCursor']).toBeNull()
    const from = encodeURIComponent(String(entries[3]?.['recordedAt']))
    const late = await server.get(`/users/u-1/statement?currency=USD&from=${from}`)
    expect(every(late.body).map(({ balanceMinor }) => balanceMinor)).toEqual([4_000, 4_100])
  })

  it('and balances at a time go by what was recorded, or by what had happened', async () => {
    const server = await tenant()
    const event = (aggregateId: string, amount: number, occurredAt: string) => ({
      aggregateId,
      type: 'V1_BALANCES_BALANCE_CREDITED',
      data: posted(amount),
      occurredAt,
    })
    await server.post('/events', {
      body: { events: [event('a', 100, '2020-01-01T00:00:00Z'), event('b', 10, '2020-03-01T00:00:00Z')] },
    })
    const then = async (basis: string, ts: string) =>
      every((await server.get(`/users/u-1/balances/at?basis=${basis}&ts=${ts}`)).body).map(
        ({ balanceMinor }) => balanceMinor,
      )
    expect(await then('effective', '2020-02-01T00:00:00Z')).toEqual([100])
    expect(await then('effective', '2020-03-01T00:00:00Z')).toEqual([110])
    expect(await then('recorded', '2020-03-01T00:00:00Z')).toEqual([])
    expect(await then('recorded', new Date(Date.now() + 60_000).toISOString())).toEqual([110])
  })
})

describe('aggregates', () => {
  it('say how old they are, and count each bet and payment once', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    await deposit(server, 500)
    const won = await acceptedBet(server)
    await server.post(`/bets/${won}/settle`, { body: { outcome: 'won' } })
    await acceptedBet(server, { stakeMinor: 2_000 })
    await app.scheduled('* * * * *')
    const summary = await server.get('/summary')
    expect(summary.body).toMatchObject({
      stale: false,
      data: [
        {
          currency: 'USD',
          bets: 2,
          openBets: 1,
          stakeMinor: 3_000,
          payoutMinor: 2_500,
          deposits: 2,
          depositedMinor: 5_500,
          withdrawnMinor: 0,
        },
      ],
    })
    expect(Date.now() - Date.parse(String(summary.body['asOf']))).toBeLessThan(20_000)
    const top = await server.get('/top-bets?limit=1')
    expect(every(top.body)).toMatchObject([{ rank: 1, stakeMinor: 2_000, status: 'accepted' }])
    const activity = await server.get('/users/u-1/activity')
    expect(every(activity.body)).toMatchObject([
      { currency: 'USD', bets: 2, stakeMinor: 3_000, depositedMinor: 5_500 },
    ])
    expect([summary.trips, top.trips, activity.trips]).toEqual([1, 1, 1])
    for (const { headers } of [summary, top, activity]) expect(headers.get('age')).toMatch(/^\d{1,2}$/)
  })

  it('tell a sum that no JSON number carries as its digits', async () => {
    const server = await tenant()
    const rich = { ...bet, stakeMinor: Number.MAX_SAFE_INTEGER }
    const events = ['a', 'b', 'c'].map((aggregateId) => ({
      aggregateId,
      type: 'V1_BETS_BET_PLACED',
      data: rich,
    }))
    await server.post('/events', { body: { events } })
    await app.scheduled('* * * * *', new Date(Date.now() + 60_000))
    expect(every((await server.get('/summary')).body)).toMatchObject([
      { bets: 3, stakeMinor: '27021597764222973', depositedMinor: 0 },
    ])
  })

  it('are not refreshed while nothing happens', async () => {
    await app.scheduled('* * * * *', new Date(Date.now() + 120_000))
    await app.scheduled('* * * * *', new Date(Date.now() + 180_000))
    const { rows } = await admin.query(
      `select distinct on (view) view, skipped > 0 as skipped from core.view_refreshes where view like 'ledger.%' order by view, id desc`,
    )
    expect(rows).toEqual([
      { view: 'ledger.tenants_summary_view', skipped: true },
      { view: 'ledger.top_bets_today', skipped: true },
      { view: 'ledger.user_activity_view', skipped: true },
    ])
  })
})

describe('an account that differs', () => {
  it('is quarantined by the job, with the rows as evidence, until an admin clears it', async () => {
    const server = await tenant()
    const boss = await serverOf(app, tenants, 'admin')
    await deposit(server, 5_000)
    const id = await acceptedBet(server)
    await admin.query(
      'update ledger.user_balances_view set balance_minor = balance_minor + 7 where tenant_id = $1',
      [tenants],
    )
    expect((await app.scheduled('*/15 * * * *')).outcome).toBe('ok')
    const alerts = every((await server.get('/alerts')).body)
    expect(alerts).toMatchObject([
      {
        kind: 'balance',
        subject: 'u-1:USD',
        evidence: { expected: { balance_minor: 5_000 }, actual: { balance_minor: 5_007 } },
      },
    ])
    expect((await server.post('/bets', { body: bet })).body['code']).toBe('quarantined')
    expect(
      (
        await server.post('/payments/withdrawals', {
          body: { userId: 'u-1', amountMinor: 1, currency: 'USD' },
        })
      ).body['code'],
    ).toBe('quarantined')
    expect((await server.post(`/bets/${id}/settle`, { body: { outcome: 'lost' } })).body['code']).toBe(
      'quarantined',
    )
    expect(
      (await server.post('/events', { body: raw('x', 'V1_BALANCES_BALANCE_DEBITED', 1) })).body['code'],
    ).toBe('quarantined')
    expect((await server.post(`/bets/${id}/settle`, { body: { outcome: 'won' } })).status).toBe(200)
    expect(every((await server.get('/views/user_balances_view/differences')).body)).toHaveLength(1)

    const rebuilt = await boss.post('/views/user_balances_view/rebuild')
    expect(rebuilt.body).toMatchObject({ mended: 1, differing: [{ user_id: 'u-1', currency: 'USD' }] })
    expect(rebuilt.body['checksumBefore']).not.toBe(rebuilt.body['checksumAfter'])
    const again = await boss.post('/views/user_balances_view/rebuild')
    expect(again.body['mended']).toBe(0)
    expect(again.body['checksumBefore']).toBe(again.body['checksumAfter'])
    expect((await server.post('/users/u-1/balances/USD/clear', { body: { reason: 'mended' } })).status).toBe(
      403,
    )
    expect(
      (await boss.post('/users/u-1/balances/USD/clear', { body: { reason: 'mended' } })).body,
    ).toMatchObject({ quarantined: false, balanceMinor: 6_500 })
    expect(every((await server.get('/alerts')).body)).toEqual([])
    expect((await server.post('/bets', { body: bet })).status).toBe(201)
  })

  it('is found by bets without their holds as well', async () => {
    const server = await tenant()
    await server.post('/events', {
      body: { events: [{ aggregateId: 'b', type: 'V1_BETS_BET_PLACED', data: bet }] },
    })
    await app.scheduled('*/15 * * * *', new Date(Date.now() + 900_000))
    expect(every((await server.get('/alerts')).body)).toMatchObject([
      { kind: 'hold', evidence: { heldMinor: null, openMinor: 1_000 } },
    ])
  })
})

it('knows the currencies', async () => {
  const { body } = await (await tenant()).get('/currencies')
  expect(every(body)).toContainEqual({ code: 'KWD', exponent: 3 })
})

it('leaves books in which everything holds, but for what was broken on purpose', async () => {
  expect((await violations(admin)).filter((law) => !law.startsWith('holds are'))).toEqual([])
})

function posted(amountMinor: number) {
  return { userId: 'u-1', currency: 'USD', amountMinor }
}

function raw(aggregateId: string, type: string, amountMinor: number, more: object = {}) {
  return { events: [{ aggregateId, type, data: posted(amountMinor), ...more }] }
}

function batch(atomic: boolean, ...transfers: [string, string, number][]) {
  return {
    atomic,
    transfers: transfers.map(([fromUserId, toUserId, amountMinor]) => ({
      fromUserId,
      toUserId,
      amountMinor,
      currency: 'USD',
    })),
  }
}
