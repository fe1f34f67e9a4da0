import { describe, expect, it } from 'vitest'
import { acceptedBet, bet, deposit, posted, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'
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
    const first = await server.get('/users/u-1/statement?currency=USD&order=asc&limit=3')
    const second = await server.get(
      `/users/u-1/statement?currency=USD&order=asc&limit=3&cursor=${String(first.body['nextCursor'])}`,
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
    const late = await server.get(`/users/u-1/statement?currency=USD&order=asc&from=${from}`)
    expect(rowsOf(late.body).map(({ balanceMinor }) => balanceMinor)).toEqual([4_000, 4_100])
  })

  it('lists the newest entries first, with the same running balances, page by page', async () => {
    const server = await tenant()
    for (const amount of [100, 20, 3]) await deposit(server, amount)
    const { body } = await server.post('/bets', { body: { ...bet, stakeMinor: 50 } })
    await server.post(`/bets/${String(body['id'])}/cancel`)
    const walk = async (query: string) => {
      const entries: Record<string, unknown>[] = []
      for (let after: string | null = ''; after !== null; ) {
        const page = await server.get(`/users/u-1/statement?currency=USD${query}${after}`)
        expect(page).toMatchObject({ status: 200, trips: 1 })
        entries.push(...rowsOf(page.body))
        const { nextCursor } = page.body
        after = typeof nextCursor === 'string' ? `&cursor=${nextCursor}` : null
      }
      return entries
    }
    const oldestFirst = await walk('&order=asc')
    expect(oldestFirst.map(({ balanceMinor, reservedMinor }) => [balanceMinor, reservedMinor])).toEqual([
      [100, 0],
      [120, 0],
      [123, 0],
      [123, 50],
      [123, 0],
    ])
    for (const limit of [1, 2, 3, 5, 200]) {
      expect(await walk(`&limit=${limit}`)).toEqual(oldestFirst.toReversed())
      expect(await walk(`&limit=${limit}&order=asc`)).toEqual(oldestFirst)
    }
    const [from, to] = [oldestFirst[1], oldestFirst[3]].map((entry) => String(entry?.['recordedAt']))
    for (const limit of [1, 2]) {
      expect(await walk(`&limit=${limit}&from=${from}&to=${to}`)).toEqual(
        oldestFirst.slice(1, 3).toReversed(),
      )
      expect(await walk(`&limit=${limit}&to=${to}`)).toEqual(oldestFirst.slice(0, 3).toReversed())
    }
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
