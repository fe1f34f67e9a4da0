import { expect, it } from 'vitest'
import { bet, deposit, rowsOf, serverOf, unlimitedWorker } from '../support/http.ts'

const app = await unlimitedWorker()
const { admin } = app.database

it('accounts with money available are listed by user, each once, and those of other tenants are not', async () => {
  const [server, other] = await Promise.all([serverOf(app, 1), serverOf(app, 2)])
  for (const user of ['u-4', 'u-2', 'u-1', 'u-3']) await deposit(server, 1_000, user)
  await deposit(other, 1_000, 'u-9')
  await server.post('/bets', { body: { ...bet, userId: 'u-3', stakeMinor: 1_000 } })
  const users: unknown[] = []
  let cursor: string | null = null
  do {
    const after = cursor === null ? '' : `&cursor=${cursor}`
    const { status, body, trips } = await server.get(`/accounts?currency=USD&limit=2${after}`)
    expect([status, trips]).toEqual([200, 1])
    users.push(...rowsOf(body).map(({ userId }) => userId))
    cursor = body['nextCursor'] as string | null
  } while (cursor !== null)
  expect(users).toEqual(['u-1', 'u-2', 'u-4'])
  expect(rowsOf((await server.get('/accounts?currency=EUR')).body)).toEqual([])
})

it('an account that only a waiting credit funds is listed', async () => {
  const server = await serverOf(app, 3)
  await deposit(server, 500, 'u-1')
  await server.post('/bets', { body: { ...bet, userId: 'u-1', stakeMinor: 500 } })
  const listed = async () => rowsOf((await server.get('/accounts?currency=USD')).body)
  expect(await listed()).toEqual([])
  await admin.query(`insert into ledger.balance_deltas values (3, 'u-1', 'USD', 1000000, 70, 0)`)
  expect(await listed()).toMatchObject([{ userId: 'u-1', availableMinor: 70, exponent: 2 }])
})
