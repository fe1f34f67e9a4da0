import { describe, expect, it } from 'vitest'
import { balanceOf, deposit, serverOf, transferBatch, unlimitedWorker } from '../support/http.ts'
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
})

it('leaves a ledger in which every law holds', async () => {
  expect(await violations(admin)).toEqual([])
})
