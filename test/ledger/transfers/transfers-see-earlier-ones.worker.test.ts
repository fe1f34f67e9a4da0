import { describe, expect, it } from 'vitest'
import { balanceOf, deposit, raw, serverOf, transferBatch, unlimitedWorker } from '../support/http.ts'
import { violations } from '../support/violations.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const tenant = () => serverOf(app, ++tenants)

describe('transfers', () => {
  it('are each decided on the balances that earlier transfers left', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const answer = await server.post('/transfers/batch', {
      body: transferBatch(
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

  it('with a key of their own are made once, in one batch and across batches', async () => {
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

  it('with the key of a transfer to another user, in another currency, or of another event are refused', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    await deposit(server, 1_000, 'u-1', 'EUR')
    await server.post('/events', {
      body: raw('c-1', 'V1_BALANCES_BALANCE_CREDITED', 100, { idempotencyKey: 'event' }),
    })
    const keyed = {
      fromUserId: 'u-1',
      toUserId: 'u-2',
      amountMinor: 100,
      currency: 'USD',
      idempotencyKey: 'k',
    }
    const { body } = await server.post('/transfers/batch', {
      body: {
        transfers: [
          keyed,
          { ...keyed, toUserId: 'u-3' },
          { ...keyed, currency: 'EUR' },
          { ...keyed, idempotencyKey: 'event' },
          keyed,
        ],
      },
    })
    const reused = { status: 'rejected', code: 'idempotency_key_reused' }
    expect(body['results']).toMatchObject([
      { status: 'accepted' },
      reused,
      reused,
      reused,
      { status: 'duplicate' },
    ])
    const later = await server.post('/transfers/batch', {
      body: { transfers: [{ ...keyed, toUserId: 'u-3' }, { ...keyed, currency: 'EUR' }, keyed] },
    })
    expect(later.body['results']).toMatchObject([reused, reused, { status: 'duplicate' }])
  })

  it('are all skipped when one of an atomic batch is rejected, and none is called accepted', async () => {
    const server = await tenant()
    await deposit(server, 1_000)
    const made = {
      fromUserId: 'u-1',
      toUserId: 'u-2',
      amountMinor: 100,
      currency: 'USD',
      idempotencyKey: 'a',
    }
    const { body: earlier } = await server.post('/transfers/batch', { body: { transfers: [made] } })
    const [duplicate] = (earlier['results'] as { id: string }[]).map(({ id }) => ({
      status: 'duplicate',
      id,
    }))
    const next = { ...made, idempotencyKey: 'b' }
    const refused = await server.post('/transfers/batch', {
      body: {
        atomic: true,
        transfers: [made, next, next, { ...next, amountMinor: 5_000, idempotencyKey: 'c' }],
      },
    })
    expect(refused).toMatchObject({ status: 409, body: { code: 'transfers_rejected' } })
    expect(refused.body['results']).toEqual([
      duplicate,
      { status: 'skipped' },
      { status: 'skipped' },
      { status: 'rejected', code: 'insufficient_funds', availableMinor: 800 },
    ])
    expect(await balanceOf(server, 'u-2')).toEqual([100, 0, 100])
    const answer = await server.post('/transfers/batch', { body: { atomic: true, transfers: [next] } })
    expect(answer.body['results']).toMatchObject([{ status: 'accepted' }])
  })
})

it('a refused atomic batch of a thousand transfers is answered in 16 kB, and names the rejected one', async () => {
  const server = await tenant()
  await deposit(server, 1_000_000)
  const transfers = Array.from({ length: 1_000 }, (_, n) => ({
    fromUserId: 'u-1',
    toUserId: 'u-2',
    amountMinor: n === 998 ? 5_000_000 : 1,
    currency: 'USD',
    idempotencyKey: `of-a-thousand-${n}`,
  }))
  const { status, body } = await server.post('/transfers/batch', { body: { atomic: true, transfers } })
  expect([status, body['code'], body['rejectedAt']]).toEqual([409, 'transfers_rejected', [998]])
  const results = body['results'] as unknown[]
  expect(results[0]).toEqual({ status: 'skipped' })
  expect(body['omitted']).toEqual({ results: 1_000 - results.length })
  expect(JSON.stringify(body).length).toBeLessThan(16 * 1024)
})

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
