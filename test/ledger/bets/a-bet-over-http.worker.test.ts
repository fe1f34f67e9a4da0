import { describe, expect, it } from 'vitest'
import { contents } from '../../http/contents.ts'
import {
  acceptedBet,
  balanceOf,
  bet,
  deposit,
  raw,
  rowsOf,
  serverOf,
  transferBatch,
  unlimitedWorker,
} from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('a won bet', () => {
  it('goes from deposit to payout with one round trip per step', async () => {
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
    expect(rowsOf(history.body).map(({ type }) => type)).toEqual([
      'V1_BETS_BET_PLACED',
      'V1_BETS_BET_ACCEPTED',
    ])
    const rest = await server.get(`${path}/events?limit=2&cursor=${String(history.body['nextCursor'])}`)
    expect(rowsOf(rest.body)).toMatchObject([{ type: 'V1_BETS_BET_WON', data: { payoutMinor: 2_500 } }])
  })

  it('answers 304 while its version is unchanged', async () => {
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

describe('a refused command', () => {
  it('names its reason and leaves every table unchanged', async () => {
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
        transferBatch(true, ['u-1', 'u-2', 1_000], ['u-1', 'u-2', 1_000]),
      ],
      ['/transfers/batch', 400, { code: 'validation_failed' }, transferBatch(false, ['u-1', 'u-1', 1])],
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

  it('repeats its refusal under the same key, even after money has arrived', async () => {
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

  it('is not executed again under a key that expired after 24 hours', async () => {
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

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
