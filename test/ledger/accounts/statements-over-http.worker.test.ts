import { describe, expect, it } from 'vitest'
import { acceptedBet, deposit, posted, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('a statement', () => {
  it('shows the running balance across pages and from a given time', async () => {
    const server = await tenant()
    await deposit(server, 5_000)
    const id = await acceptedBet(server)
    await server.post(`/bets/${id}/settle`, { body: { outcome: 'lost' } })
    await deposit(server, 100)
    const first = await server.get('/users/u-1/statement?currency=USD&limit=3')
    const second = await server.get(
      `/users/u-1/statement?currency=USD&limit=3&cursor=${String(first.body['nextCursor'])}`,
    )
    const entries = [...rowsOf(first.body), ...rowsOf(second.body)]
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
    expect(rowsOf(late.body).map(({ balanceMinor }) => balanceMinor)).toEqual([4_000, 4_100])
  })

  it('and past balances count events by recorded or by effective time', async () => {
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
      rowsOf((await server.get(`/users/u-1/balances/at?basis=${basis}&ts=${ts}`)).body).map(
        ({ balanceMinor }) => balanceMinor,
      )
    expect(await then('effective', '2020-02-01T00:00:00Z')).toEqual([100])
    expect(await then('effective', '2020-03-01T00:00:00Z')).toEqual([110])
    expect(await then('recorded', '2020-03-01T00:00:00Z')).toEqual([])
    expect(await then('recorded', new Date(Date.now() + 60_000).toISOString())).toEqual([110])
  })
})

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
