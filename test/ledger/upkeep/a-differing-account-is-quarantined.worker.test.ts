import { describe, expect, it } from 'vitest'
import { acceptedBet, bet, deposit, raw, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('an account that differs from its events', () => {
  it('is quarantined with the rows as evidence until an admin clears it', async () => {
    const server = await tenant()
    const boss = await serverOf(app, tenants, 'admin')
    await deposit(server, 5_000)
    const id = await acceptedBet(server)
    await admin.query(
      'update ledger.user_balances_view set balance_minor = balance_minor + 7 where tenant_id = $1',
      [tenants],
    )
    expect((await app.scheduled('*/15 * * * *')).outcome).toBe('ok')
    const alerts = rowsOf((await server.get('/alerts')).body)
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
    expect(rowsOf((await server.get('/views/user_balances_view/differences')).body)).toHaveLength(1)

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
    expect(rowsOf((await server.get('/alerts')).body)).toEqual([])
    expect((await server.post('/bets', { body: bet })).status).toBe(201)
  })

  it('raises an alert when a bet lacks its reservation', async () => {
    const server = await tenant()
    await admin.query(
      `insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
       values ($1, 'b', 1, 'V1_BETS_BET_PLACED', $2, 'owner')`,
      [tenants, JSON.stringify(bet)],
    )
    await app.scheduled('*/15 * * * *', new Date(Date.now() + 900_000))
    expect(rowsOf((await server.get('/alerts')).body)).toMatchObject([
      { kind: 'hold', evidence: { heldMinor: null, openMinor: 1_000 } },
    ])
  })
})

it('leaves a ledger in which every law holds, except the reservation left out on purpose', async () => {
  expect((await violations(admin)).filter((law) => !law.startsWith('holds are'))).toEqual([])
})
