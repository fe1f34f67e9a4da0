import { afterEach, describe, expect, it } from 'vitest'
import { freshFetch } from '../../../dev/system/fresh-fetch.ts'
import { letLocksWait } from '../../core/barrier.ts'
import { acceptedBet, balanceOf, bet, deposit, serverOf, tally, unlimitedWorker } from '../support/http.ts'
import { mustHold } from '../support/violations.ts'

const app = await unlimitedWorker()
// On a busy machine the last of fifty waits long for the account.
await letLocksWait(app.database)
const { admin } = app.database
const fifty = Array.from({ length: 50 })
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

afterEach(async () => {
  app.faults.clear()
  await mustHold(admin)
})

describe('fifty at once', () => {
  it('bets on money for ten place exactly ten', async () => {
    const server = await tenant()
    await deposit(server, 10_000)
    const answers = await Promise.all(fifty.map(() => server.post('/bets', { body: bet })))
    expect(tally(answers)).toEqual({ '201': 10, '409 insufficient_funds': 40 })
    const refused = answers.filter(({ status }) => status === 409)
    expect(refused.every(({ body }) => Number(body['availableMinor']) < 1_000)).toBe(true)
    expect(answers.every(({ trips }) => trips === 1)).toBe(true)
    expect(await balanceOf(server)).toEqual([10_000, 10_000, 0])
  })

  it('settlements of one bet succeed once', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const id = await acceptedBet(server)
    const outcome = (n: number) => ({ outcome: n % 2 === 0 ? 'won' : 'lost' })
    const answers = await Promise.all(
      fifty.map((_, n) => server.post(`/bets/${id}/settle`, { body: outcome(n) })),
    )
    expect(tally(answers)).toEqual({ '200': 1, '409 illegal_transition': 49 })
    const won = answers.find(({ status }) => status === 200)?.body['status'] === 'won'
    expect(await balanceOf(server)).toEqual(won ? [2_500, 0, 2_500] : [0, 0, 0])
  })

  it('endings of every kind end one bet once', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const id = await acceptedBet(server)
    const ways = [
      () => server.post(`/bets/${id}/settle`, { body: { outcome: 'won' } }),
      () => server.post(`/bets/${id}/settle`, { body: { outcome: 'lost' } }),
      () => server.post(`/bets/${id}/void`),
      () => server.post(`/bets/${id}/cancel`, { body: {} }),
      () => server.post(`/bets/${id}/cash-out`, { body: { payoutMinor: 700 } }),
    ]
    const answers = await Promise.all(
      fifty.map((_, n) => ways[n % ways.length]?.() ?? server.get('/summary')),
    )
    expect(tally(answers)).toEqual({ '200': 1, '409 illegal_transition': 49 })
  })

  it('requests with one key have one effect and one answer', async () => {
    const server = await tenant()
    await deposit(server, 100_000)
    const answers = await Promise.all(fifty.map(() => server.post('/bets', { body: bet, key: 'one' })))
    const accepted = answers.filter(({ status }) => status === 201)
    expect(accepted.length + answers.filter(({ body }) => body['code'] === 'in_progress').length).toBe(50)
    expect(new Set(accepted.map(({ body }) => body['id'])).size).toBe(1)
    expect(accepted.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1)
    expect(await balanceOf(server)).toEqual([100_000, 1_000, 99_000])
  })

  it('requests with one key from two servers of a tenant have one effect', async () => {
    const server = await tenant()
    await deposit(server, 100_000)
    const path = `${app.url}/v1/ledger/bets`
    const posts = fifty.map(async (_, n) =>
      freshFetch(path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await app.token('tenant', `server-${n % 2}`, tenants)}`,
          'content-type': 'application/json',
          'idempotency-key': 'failover',
        },
        body: JSON.stringify(bet),
      }),
    )
    const answers = await Promise.all(posts)
    expect(new Set(answers.map(({ status }) => status)).has(201)).toBe(true)
    expect(await balanceOf(server)).toEqual([100_000, 1_000, 99_000])
  })

  it('withdrawals and bets never spend more than the available money', async () => {
    const server = await tenant()
    await deposit(server, 10_000)
    const withdrawal = { userId: 'u-1', amountMinor: 1_000, currency: 'USD' }
    const answers = await Promise.all(
      fifty.map((_, n) =>
        n % 2 === 0
          ? server.post('/bets', { body: bet })
          : server.post('/payments/withdrawals', { body: withdrawal }),
      ),
    )
    expect(tally(answers)).toEqual({ '201': 10, '409 insufficient_funds': 40 })
    expect(await balanceOf(server)).toEqual([10_000, 10_000, 0])
  })

  it('deposits to one account all arrive', async () => {
    const server = await tenant()
    await Promise.all(fifty.map(() => deposit(server, 100)))
    expect(await balanceOf(server)).toEqual([5_000, 0, 5_000])
  })
})

describe('a command whose connection is cut', () => {
  it.each(['reset', 'cutDuring', 'cutAfterCommit', 'truncate'] as const)(
    'by %s answers outcome unknown, and a retry with its key answers the single result',
    async (fault) => {
      const server = await tenant()
      await deposit(server, 5_000)
      app.faults.set({ [fault]: 1, times: 1, match: 'hot_place_' })
      const cut = await server.post('/bets', { body: bet, key: fault })
      expect(cut).toMatchObject({ status: 503, body: { code: 'unavailable', outcome: 'unknown' } })
      expect(app.faults.counts[fault]).toBe(1)
      let again = await server.post('/bets', { body: bet, key: fault })
      while (again.body['code'] === 'in_progress')
        again = await server.post('/bets', { body: bet, key: fault })
      expect(again.status).toBe(201)
      expect(await balanceOf(server)).toEqual([5_000, 1_000, 4_000])
    },
  )
})
