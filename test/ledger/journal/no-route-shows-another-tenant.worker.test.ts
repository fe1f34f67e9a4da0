import { describe, expect, it } from 'vitest'
import { endpoints } from '../../support/system.ts'
import { acceptedBet, balanceOf, bet, deposit, serverOf, unlimitedWorker } from '../support/http.ts'

const app = await unlimitedWorker()
const { admin } = app.database
const [mine, theirs] = [await serverOf(app, 1), await serverOf(app, 2)]

// All data of tenant 2 contains a mark that no response to tenant 1 may contain.
const marked = { userId: 'MARK-user', selection: 'MARK-selection' }
// So many digits stand in no id and no moment by chance.
const amount = 777_777_777
const depositId = await deposit(theirs, amount, marked.userId)
const openId = await acceptedBet(theirs, { ...marked, stakeMinor: 7_777 })
const wonId = await acceptedBet(theirs, { ...marked, stakeMinor: 7_778 })
await theirs.post(`/bets/${wonId}/settle`, { body: { outcome: 'won' } })
const { body: withdrawn } = await theirs.post('/payments/withdrawals', {
  body: { userId: marked.userId, amountMinor: 77, currency: 'USD' },
})
const withdrawalId = String(withdrawn['id'])
const { body: theirFeed } = await theirs.get('/events?limit=3')
const { body: theirBets } = await theirs.get('/bets?limit=1')
const { body: theirPayments } = await theirs.get('/payments?limit=1')
const { body: theirStatement } = await theirs.get('/users/MARK-user/statement?currency=USD&limit=1')
await app.scheduled('* * * * *')

const digest = async () =>
  (
    await admin.query(
      `select md5(string_agg(t, '|' order by t)) as digest from (
         select e::text as t from ledger.events e where tenant_id = 2
         union all select v::text from ledger.bets_view v where tenant_id = 2
         union all select v::text from ledger.payments_view v where tenant_id = 2
         union all select v::text from ledger.user_balances v where tenant_id = 2
       ) rows`,
    )
  ).rows[0].digest
const before = await digest()

const ids = [openId, wonId, depositId, withdrawalId]
const traces = ['MARK', ...ids, String(amount)]

/** Requests that a tenant could try with ids, users, cursors and keys of another. */
const tries: [method: 'get' | 'post', path: string, body?: object][] = [
  ['get', '/bets'],
  ['get', '/bets?userId=MARK-user'],
  ['get', '/bets?status=won'],
  ['get', `/bets?cursor=${String(theirBets['nextCursor'])}`],
  ['get', `/payments?cursor=${String(theirPayments['nextCursor'])}`],
  ['get', '/payments?userId=MARK-user&kind=deposit'],
  ['get', `/events?after=${String(theirFeed['nextCursor'])}`],
  ['get', '/events?type=V1_BETS_BET_PLACED'],
  ['get', '/accounts?currency=USD'],
  ['get', '/users/MARK-user/balances'],
  ['get', '/users/MARK-user/balances/at?ts=2100-01-01T00:00:00Z&basis=effective'],
  ['get', '/users/MARK-user/statement?currency=USD'],
  ['get', `/users/MARK-user/statement?currency=USD&cursor=${String(theirStatement['nextCursor'])}`],
  ['get', '/users/MARK-user/activity'],
  ['get', '/summary'],
  ['get', '/top-bets?limit=100'],
  ['get', '/alerts?open=false'],
  ['get', '/views/bets_view/differences'],
  ['get', '/views/payments_view/differences'],
  ['get', '/views/user_balances_view/differences'],
  ...ids.flatMap((id): [method: 'get' | 'post', path: string, body?: object][] => [
    ['get', `/bets/${id}`],
    ['get', `/bets/${id}/events`],
    ['get', `/payments/${id}`],
    ['post', `/bets/${id}/accept`],
    ['post', `/bets/${id}/reject`, {}],
    ['post', `/bets/${id}/settle`, { outcome: 'lost' }],
    ['post', `/bets/${id}/void`, {}],
    ['post', `/bets/${id}/cancel`, {}],
    ['post', `/bets/${id}/cash-out`, { payoutMinor: 1 }],
    ['post', `/payments/${id}/complete`],
    ['post', `/payments/${id}/fail`, {}],
    ['post', `/payments/${id}/reject`, {}],
    ['post', `/payments/${id}/charge-back`, {}],
  ]),
  ['post', '/users/MARK-user/balances/USD/allow-overdraft', { reason: 'x' }],
  ['post', '/users/MARK-user/balances/USD/forbid-overdraft', { reason: 'x' }],
  ['post', '/bets', { ...bet, userId: 'MARK-user', selection: 'mine' }],
  ['post', '/payments/withdrawals', { userId: 'MARK-user', amountMinor: 1, currency: 'USD' }],
  [
    'post',
    '/transfers/batch',
    { transfers: [{ fromUserId: 'MARK-user', toUserId: 'me', amountMinor: 1, currency: 'USD' }] },
  ],
  [
    'post',
    '/events',
    { events: [{ aggregateId: openId, type: 'V1_BETS_BET_WON', data: { payoutMinor: 1 } }] },
  ],
  [
    'post',
    '/events',
    {
      events: [
        {
          aggregateId: openId,
          type: 'V1_BALANCES_BALANCE_RELEASED',
          data: { userId: 'MARK-user', currency: 'USD', amountMinor: 1 },
        },
      ],
    },
  ],
]

describe('a tenant', () => {
  it.each(tries)('%s %s neither shows nor changes data of another tenant', async (method, path, body) => {
    const {
      status,
      body: answer,
      headers,
    } = method === 'get' ? await mine.get(path) : await mine.post(path, body ? { body } : {})
    const said = JSON.stringify(answer) + [...headers.values()].join()
    const request = path + JSON.stringify(body)
    expect(traces.filter((trace) => said.includes(trace) && !request.includes(trace))).toEqual([])
    // The response equals one without the other tenant: an empty list, not_found or insufficient funds. A cursor of the
    // other tenant is refused like an invented one.
    expect(path.includes('cursor=') || path.includes('after=') ? [400] : [200, 404, 409]).toContain(status)
    expect(answer['data'] ?? []).toEqual([])
    expect(await digest()).toBe(before)
  })

  it('was tested on every route of the ledger', () => {
    const patterns = new Set(tries.map(([method, path]) => `${method} ${shapeOf(path)}`))
    const untried = endpoints
      .filter(
        ({ path, roles }) => path.startsWith('/v1/ledger') && roles !== 'public' && roles.includes('tenant'),
      )
      .map(({ method, path }) => `${method} ${path.replace('/v1/ledger', '').replaceAll(/\{\w+\}/g, '*')}`)
      .filter((route) => !patterns.has(route))
    // These routes name no existing row, so there is no row of another tenant to reach.
    expect(untried).toEqual(['post /payments/deposits', 'get /currencies'])
  })

  it('may use the same keys and ids as another tenant', async () => {
    await deposit(mine, 5_000)
    await deposit(theirs, 5_000)
    const body = { ...bet }
    const [one, two] = [
      await mine.post('/bets', { body, key: 'shared' }),
      await theirs.post('/bets', { body, key: 'shared' }),
    ]
    expect([one.status, two.status]).toEqual([201, 201])
    expect(one.body['id']).not.toBe(two.body['id'])
    expect(two.headers.get('idempotency-replayed')).toBeNull()
    const events = [
      {
        aggregateId: openId,
        type: 'V1_BALANCES_BALANCE_CREDITED',
        data: { userId: 'me', currency: 'USD', amountMinor: 5 },
        idempotencyKey: 'shared',
      },
    ]
    expect((await mine.post('/events', { body: { events } })).body).toEqual({ appended: 1, duplicates: 0 })
    expect((await theirs.get(`/bets/${openId}`)).body['status']).toBe('accepted')
    expect(await balanceOf(mine, 'me')).toEqual([5, 0, 5])
    expect(await balanceOf(theirs, 'me')).toBeUndefined()
  })
})

describe('an admin', () => {
  it('with one key and the tokens of two tenants has two effects, and each repetition gets its own answer', async () => {
    const send = { body: { userId: 'twice', amountMinor: 100, currency: 'USD' }, key: 'one-key' }
    const bosses = [await serverOf(app, 1, 'admin'), await serverOf(app, 2, 'admin')]
    const ask = () => Promise.all(bosses.map((boss) => boss.post('/payments/deposits', send)))
    const first = await ask()
    expect(first.map(({ status }) => status)).toEqual([201, 201])
    expect(first.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, null])
    const again = await ask()
    expect(again.map(({ body }) => body)).toEqual(first.map(({ body }) => body))
    expect(again.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual(['true', 'true'])
    const { rows } = await admin.query(
      `select tenant_id::int, count(*)::int from ledger.payments_view where user_id = 'twice' group by 1 order by 1`,
    )
    expect(rows).toEqual([
      { tenant_id: 1, count: 1 },
      { tenant_id: 2, count: 1 },
    ])
  })

  it('without a tenant in the token is refused', async () => {
    const authorization = `Bearer ${await app.token('admin', 'root')}`
    const response = await app.fetch('/v1/ledger/bets', { headers: { authorization } })
    expect(response.status).toBe(403)
  })

  it('rebuilds the views of the token’s tenant only', async () => {
    const boss = await serverOf(app, 1, 'admin')
    const { rows } = await admin.query(
      `update ledger.bets_view set selection = 'broken' where bet_id = $1 returning 1`,
      [openId],
    )
    expect(rows).toHaveLength(1)
    expect((await boss.post('/views/bets_view/rebuild')).body).toMatchObject({ mended: 0 })
    const theirBoss = await serverOf(app, 2, 'admin')
    expect((await theirBoss.post('/views/bets_view/rebuild')).body).toMatchObject({
      mended: 1,
      differing: [{ bet_id: openId }],
    })
  })
})

function shapeOf(path: string): string {
  const [plain = ''] = path.split('?')
  return ids
    .reduce((shape, id) => shape.replace(id, '*'), plain)
    .replace('MARK-user', '*')
    .replace(/\/balances\/USD\//, '/balances/*/')
    .replace(/^\/views\/\w+\//, '/views/*/')
}
