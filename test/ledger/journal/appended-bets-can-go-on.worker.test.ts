import { describe, expect, it } from 'vitest'
import { balanceOf, bet, deposit, posted, raw, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0

async function fundedTenant() {
  const tenantId = ++tenants
  const server = await serverOf(app, tenantId)
  await deposit(server, 10_000)
  return { tenantId, server }
}

const event = (aggregateId: string, type: string, data: object) => ({ aggregateId, type, data })
const placed = (id: string, changes: object = {}) => event(id, 'V1_BETS_BET_PLACED', { ...bet, ...changes })
const reserved = (id: string, amount = 1_000, changes: object = {}) =>
  event(id, 'V1_BALANCES_BALANCE_RESERVED', { ...posted(amount), ...changes })
const released = (id: string, amount = 1_000) => event(id, 'V1_BALANCES_BALANCE_RELEASED', posted(amount))
const step = (id: string, type: string, data = {}) => event(id, `V1_BETS_BET_${type}`, data)
const withdrawal = (id: string) => event(id, 'V1_PAYMENTS_WITHDRAWAL_REQUESTED', posted(1_000))

const missing = (heldMinor: number, reservesMinor: number) => ({
  code: 'hold_missing',
  heldMinor,
  reservesMinor,
  missing: heldMinor < reservesMinor ? 'V1_BALANCES_BALANCE_RESERVED' : 'V1_BALANCES_BALANCE_RELEASED',
  missingMinor: Math.abs(heldMinor - reservesMinor),
})

describe('an append', () => {
  it.each<[what: string, refusal: object, events: object[]]>([
    ['a bet without its reservation', missing(0, 1_000), [placed('x')]],
    ['a bet that reserves too little', missing(999, 1_000), [placed('x'), reserved('x', 999)]],
    ['a bet that reserves too much', missing(1_001, 1_000), [placed('x'), reserved('x', 1_001)]],
    ['a bet whose reservation has another id', missing(0, 1_000), [placed('x'), reserved('y')]],
    [
      'a bet that reserves in another currency',
      missing(0, 1_000),
      [placed('x', { currency: 'EUR' }), reserved('x')],
    ],
    [
      'a bet that also reserves from another user',
      missing(5, 0),
      [
        event('c', 'V1_BALANCES_BALANCE_CREDITED', { ...posted(5), userId: 'u-2' }),
        placed('x'),
        reserved('x'),
        reserved('x', 5, { userId: 'u-2' }),
      ],
    ],
    ['an accepted bet without its reservation', missing(0, 1_000), [placed('x'), step('x', 'ACCEPTED')]],
    [
      'a lost bet that keeps its reservation',
      missing(1_000, 0),
      [placed('x'), reserved('x'), step('x', 'ACCEPTED'), step('x', 'LOST')],
    ],
    ['a withdrawal without its reservation', missing(0, 1_000), [withdrawal('x')]],
    [
      'a bet and a withdrawal under one id',
      missing(2_000, 1_000),
      [placed('x'), withdrawal('x'), reserved('x', 2_000)],
    ],
    ['a reservation of no bet', missing(1_000, 0), [reserved('x')]],
    [
      'a bet whose payout no amount can carry',
      { code: 'amount_out_of_range', aggregateId: 'x' },
      [placed('x', { odds: '900000', stakeMinor: 10_007_999_172 }), reserved('x')],
    ],
  ])('refuses %s, names what is missing, and appends nothing', async (_, refusal, events) => {
    const { server } = await fundedTenant()
    const before = await server.get('/events?limit=200')
    expect(await server.post('/events', { body: { events } })).toMatchObject({ body: refusal })
    expect(rowsOf((await server.get('/events?limit=200')).body)).toEqual(rowsOf(before.body))
    expect(await balanceOf(server)).toEqual([10_000, 0, 10_000])
  })

  it('refuses to release or to end an open bet by half, after it was placed', async () => {
    const { server } = await fundedTenant()
    const { body } = await server.post('/bets', { body: bet })
    const id = String(body['id'])
    const halves = [
      [missing(0, 1_000), released(id)],
      [missing(1_000, 0), step(id, 'VOIDED')],
      [missing(1_500, 1_000), reserved(id, 500)],
    ] as const
    for (const [refusal, half] of halves)
      expect((await server.post('/events', { body: { events: [half] } })).body).toMatchObject(refusal)
    expect((await server.post(`/bets/${id}/cancel`)).status).toBe(200)
  })

  it.each([
    ['settle', { outcome: 'won' }],
    ['settle', { outcome: 'lost' }],
    ['void', {}],
    ['cancel', {}],
    ['cash-out', { payoutMinor: 5 }],
  ])('of a bet with its reservation can %s afterwards, and the job bars nobody', async (verb, body) => {
    const { tenantId, server } = await fundedTenant()
    const events = [
      placed('x'),
      reserved('x'),
      step('x', 'ACCEPTED'),
      placed('y'),
      reserved('y'),
      released('y'),
      step('y', 'VOIDED'),
    ]
    expect(await server.post('/events', { body: { events } })).toMatchObject({ status: 201, trips: 1 })
    const check = async () =>
      (await admin.query('select ledger.check_invariants(null) as found')).rows[0]?.found
    expect(await check()).toMatchObject({ differences: 0, quarantined: 0 })
    expect((await server.post(`/bets/x/${verb}`, { body })).status).toBe(200)
    expect(await check()).toMatchObject({ differences: 0, quarantined: 0 })
    expect(await violations(admin, tenantId)).toEqual([])
  })

  it('without its check lets a bet in that cannot be voided, and the job bars its user', async () => {
    const { server } = await fundedTenant()
    await admin.query(
      `create or replace function ledger.find_wrong_hold(streams text[]) returns jsonb language sql as 'select null::jsonb'`,
    )
    expect((await server.post('/events', { body: { events: [placed('x')] } })).status).toBe(201)
    expect((await server.post('/bets/x/void')).body['code']).toBe('hold_missing')
    await admin.query('select ledger.check_invariants(null)')
    const next = await server.post('/events', { body: raw('w', 'V1_BALANCES_BALANCE_DEBITED', 1) })
    expect(next.body['code']).toBe('quarantined')
  })
})
