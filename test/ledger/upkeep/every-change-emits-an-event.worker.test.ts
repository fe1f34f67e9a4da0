import { describe, expect, it } from 'vitest'
import { Bet } from '../../../functions/ledger/bets/contract.ts'
import { ledgerModule } from '../../../functions/ledger/module.ts'
import { Payment } from '../../../functions/ledger/payments/contract.ts'
import { bet, deposit, posted, raw, serverOf, transferBatch, unlimitedWorker } from '../support/http.ts'

const app = await unlimitedWorker()
const { admin } = app.database
let tenants = 0
const documented = ledgerModule.webhooks ?? {}

type Emitted = { subject: string; type: string; data: Record<string, unknown> }

/** A tenant's server, an admin of the tenant, and the events that the outbox holds for the tenant. */
async function tenant() {
  const tenantId = ++tenants
  return {
    server: await serverOf(app, tenantId),
    boss: await serverOf(app, tenantId, 'admin'),
    async emitted(): Promise<Emitted[]> {
      const { rows } = await admin.query<Emitted>(
        'select subject, type, data from core.outbox where audience = $1 order by xid, seq',
        [`tenant:${tenantId}`],
      )
      return rows
    },
  }
}

const types = (events: Emitted[]) => events.map(({ type }) => type)

describe('an event is emitted', () => {
  it('for each transfer that is made, and for none that is rejected', async () => {
    const { server, emitted } = await tenant()
    await deposit(server, 100)
    const body = transferBatch(false, ['u-1', 'u-2', 60], ['u-1', 'u-2', 60], ['u-2', 'u-3', 10])
    const answer = await server.post('/transfers/batch', { body, key: 'once' })
    await server.post('/transfers/batch', { body, key: 'once' })
    const [first, , third] = answer.body['results'] as { id: string }[]
    expect((await emitted()).filter(({ type }) => type.startsWith('transfer.'))).toEqual([
      {
        subject: `transfer:${first?.id}`,
        type: 'transfer.accepted',
        data: { id: first?.id, fromUserId: 'u-1', toUserId: 'u-2', amountMinor: 60, currency: 'USD' },
      },
      {
        subject: `transfer:${third?.id}`,
        type: 'transfer.accepted',
        data: { id: third?.id, fromUserId: 'u-2', toUserId: 'u-3', amountMinor: 10, currency: 'USD' },
      },
    ])
    await server.post('/transfers/batch', { body: transferBatch(true, ['u-2', 'u-3', 1], ['u-9', 'u-1', 1]) })
    expect((await emitted()).filter(({ type }) => type.startsWith('transfer.'))).toHaveLength(2)
  })

  it('for each appended event, as the command emits it', async () => {
    const { server, emitted } = await tenant()
    const event = (aggregateId: string, type: string, data: object = {}) => ({ aggregateId, type, data })
    const events = [
      event('d', 'V1_PAYMENTS_DEPOSIT_REQUESTED', posted(5_000)),
      event('d', 'V1_PAYMENTS_DEPOSIT_COMPLETED'),
      event('d', 'V1_BALANCES_BALANCE_CREDITED', posted(5_000)),
      event('b', 'V1_BETS_BET_PLACED', bet),
      event('b', 'V1_BALANCES_BALANCE_RESERVED', posted(1_000)),
      event('b', 'V1_BETS_BET_ACCEPTED'),
      event('b', 'V1_BETS_BET_WON', { payoutMinor: 2_500 }),
      event('b', 'V1_BALANCES_BALANCE_RELEASED', posted(1_000)),
    ].map((one, at) => ({ ...one, idempotencyKey: `e-${at}` }))
    expect((await server.post('/events', { body: { events } })).status).toBe(201)
    const all = await emitted()
    expect(types(all)).toEqual([
      'balance.reserved',
      'balance.released',
      'balance.credited',
      'bet.placed',
      'bet.accepted',
      'bet.won',
      'deposit.requested',
      'deposit.completed',
    ])
    const last = (type: string) => all.find((one) => one.type === type)?.data
    expect(last('bet.won')).toEqual((await server.get('/bets/b')).body)
    expect(last('deposit.completed')).toEqual((await server.get('/payments/d')).body)
    expect(Bet.parse(last('bet.placed'))).toMatchObject({
      status: 'placed',
      streamVersion: 1,
      settledAt: null,
    })
    expect(Payment.parse(last('deposit.requested'))).toMatchObject({ status: 'requested', settledAt: null })
    expect(last('balance.credited')).toMatchObject({ ...posted(5_000), cause: 'd', streamVersion: 1 })
    expect((await server.post('/events', { body: { events } })).body).toEqual({ appended: 0, duplicates: 8 })
    expect(
      (await server.post('/events', { body: raw('x', 'V1_BALANCES_BALANCE_DEBITED', 1e9) })).status,
    ).toBe(409)
    expect(await emitted()).toEqual(all)
  })

  it('when an account is quarantined, cleared, allowed an overdraft, overdrawn, and forbidden one', async () => {
    const { server, boss, emitted } = await tenant()
    const first = await deposit(server, 100)
    const second = await deposit(server, 100)
    const account = '/users/u-1/balances/USD'
    const note = (what: string) => boss.post(`${account}/${what}`, { body: { reason: 'test' } })
    await note('quarantine')
    await note('clear')
    await note('allow-overdraft')
    await server.post('/payments/withdrawals', { body: posted(150) })
    await server.post(`/payments/${first}/charge-back`)
    await server.post(`/payments/${second}/charge-back`)
    expect((await note('forbid-overdraft')).status).toBe(409)
    await deposit(server, 1_000)
    await note('forbid-overdraft')
    const of = (await emitted()).filter(({ type }) => type.startsWith('account.'))
    expect(types(of)).toEqual([
      'account.quarantined',
      'account.cleared',
      'account.overdraft_allowed',
      'account.overdrawn',
      'account.overdraft_forbidden',
    ])
    expect(new Set(of.map(({ subject }) => subject))).toEqual(new Set(['account:u-1:USD']))
    expect(of[3]?.data).toEqual({
      userId: 'u-1',
      currency: 'USD',
      balanceMinor: 100,
      reservedMinor: 150,
      availableMinor: -50,
    })
    expect(of[1]?.data).toMatchObject({ userId: 'u-1', currency: 'USD', reason: 'test' })
  })

  it('by the invariants job once for an account that it quarantines', async () => {
    const { server, emitted } = await tenant()
    await deposit(server, 100)
    await admin.query(
      'update ledger.user_balances_view set balance_minor = balance_minor + 7 where tenant_id = $1',
      [tenants],
    )
    await admin.query('select ledger.check_invariants(null)')
    await admin.query('select ledger.check_invariants(null)')
    expect(types(await emitted()).filter((type) => type.startsWith('account.'))).toEqual([
      'account.quarantined',
    ])
  })

  it('under each name that the document lists, under no other, and with the data that it describes', async () => {
    const { server, boss, emitted } = await tenant()
    const balance = (to: string) => [`V1_BALANCES_BALANCE_${to}`, posted(1_000)] as const
    const bets = [
      ['ACCEPTED'],
      ['REJECTED', {}, 'RELEASED'],
      ['WON', { payoutMinor: 2_500 }, 'RELEASED'],
      ['LOST', {}, 'RELEASED', 'DEBITED'],
      ['VOIDED', {}, 'RELEASED'],
      ['CANCELLED', {}, 'RELEASED'],
      ['CASHED_OUT', { payoutMinor: 700 }, 'RELEASED'],
    ] as const
    const payments = [
      ['DEPOSIT', 'FAILED', [], []],
      ['DEPOSIT', 'COMPLETED', [], ['CREDITED']],
      ['WITHDRAWAL', 'COMPLETED', ['RESERVED'], ['RELEASED', 'DEBITED']],
      ['WITHDRAWAL', 'REJECTED', ['RESERVED'], ['RELEASED']],
    ] as const
    const events = [
      ...bets.flatMap(([status, data = {}, ...postings]) =>
        [
          ['V1_BETS_BET_PLACED', bet] as const,
          balance('RESERVED'),
          ...(status === 'REJECTED' || status === 'ACCEPTED' ? [] : [['V1_BETS_BET_ACCEPTED', {}] as const]),
          [`V1_BETS_BET_${status}`, data] as const,
          ...postings.map(balance),
        ].map(([type, data]) => ({ aggregateId: `b-${status}`, type, data })),
      ),
      ...payments.flatMap(([kind, status, before, after]) =>
        [
          [`V1_PAYMENTS_${kind}_REQUESTED`, posted(1_000)] as const,
          ...before.map(balance),
          [`V1_PAYMENTS_${kind}_${status}`, {}] as const,
          ...after.map(balance),
        ].map(([type, data]) => ({ aggregateId: `${kind}-${status}`, type, data })),
      ),
    ]
    const charged = await deposit(server, 9_000)
    await deposit(server, 100_000)
    expect(await server.post('/events', { body: { events } })).toMatchObject({ status: 201 })
    await server.post(`/payments/${charged}/charge-back`)
    await server.post('/transfers/batch', { body: transferBatch(true, ['u-1', 'u-2', 100]) })
    const note = (what: string) => boss.post(`/users/u-2/balances/USD/${what}`, { body: { reason: 'test' } })
    await note('quarantine')
    await note('clear')
    await note('allow-overdraft')
    const taken = await deposit(server, 100, 'u-2')
    await server.post('/payments/withdrawals', { body: { ...posted(150), userId: 'u-2' } })
    await server.post(`/payments/${taken}/charge-back`)
    await server.post('/transfers/batch', { body: transferBatch(true, ['u-1', 'u-2', 1_000]) })
    await note('forbid-overdraft')
    const all = await emitted()
    expect([...new Set(types(all))].toSorted()).toEqual(Object.keys(documented).toSorted())
    for (const { type, data } of all)
      expect(documented[type]?.data.safeParse(data), `${type} ${JSON.stringify(data)}`).toMatchObject({
        success: true,
      })
  })
})
