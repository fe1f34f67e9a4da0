import { afterEach, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import { noteAccount } from '../../../functions/ledger/accounts/note.ts'
import { readBalances } from '../../../functions/ledger/accounts/read-balances.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { appendEvents } from '../../../functions/ledger/journal/append.ts'
import type { IncomingEvent } from '../../../functions/ledger/journal/contract.ts'
import { requestPayment } from '../../../functions/ledger/payments/request.ts'
import { transitionPayment } from '../../../functions/ledger/payments/transition.ts'
import { transferMoney } from '../../../functions/ledger/transfers/transfer.ts'
import { failure, freshEnvironment } from '../../core/environment.ts'
import { done, fund, openBet, order, tenantContext } from '../support/context.ts'
import { mustHold, violations } from '../support/violations.ts'

/* One caller at a time. The other files let the commands race. */
const world = await freshEnvironment()
const { admin } = world.database
let tenants = 0
let keys = 0
const newTenant = (): Ctx => tenantContext(world, ++tenants)
afterEach(() => mustHold(admin))

const user = { userId: 'u-1', currency: 'USD' }
const available = async (ctx: Ctx, userId = 'u-1') => (await readBalances(ctx, userId))[0]?.availableMinor
const largest = Number.MAX_SAFE_INTEGER

describe('a bet', () => {
  it('reserves its stake, and is placed only with the money for it', async () => {
    const ctx = newTenant()
    await fund(ctx, 1_000)
    await done(placeBet(ctx, { ...order, stakeMinor: 600 }))
    expect(await available(ctx)).toBe(400)
    const more = placeBet(ctx, { ...order, stakeMinor: 401 })
    expect(await more).toEqual({ ok: false, reason: 'insufficient_funds', availableMinor: 400 })
    const emitted = `select audience from core.outbox where type = 'bet.placed'`
    expect((await admin.query(emitted)).rows).toEqual([{ audience: `tenant:${tenants}` }])
  })

  it('moves by legal steps only, from the version that the caller names', async () => {
    const ctx = newTenant()
    await fund(ctx, 1_000)
    const { id } = await done(placeBet(ctx, order))
    const settle = { do: 'settle', outcome: 'won' } as const
    expect(await transitionBet(ctx, id, settle)).toMatchObject({ reason: 'illegal_transition' })
    expect(await transitionBet(ctx, id, { do: 'accept', expectedVersion: 2 })).toMatchObject({
      reason: 'version_conflict',
    })
    await done(transitionBet(ctx, id, { do: 'accept', expectedVersion: 1 }))
    await done(transitionBet(ctx, id, settle))
    expect(await transitionBet(ctx, id, { do: 'void' })).toMatchObject({ reason: 'illegal_transition' })
    expect(await available(ctx)).toBe(2_500)
  })

  it('whose payout would exceed the largest exact number is refused, and its key keeps the refusal', async () => {
    const ctx = newTenant()
    await fund(ctx, 1_000)
    const id = await openBet(ctx)
    await fund(ctx, largest - 1_000)
    const settle = () =>
      transitionBet(tenantContext(world, tenants, 'settle'), id, { do: 'settle', outcome: 'won' })
    expect(await settle()).toEqual({ ok: false, reason: 'amount_out_of_range' })
    // There is room for the payout now, but the key keeps the refusal.
    const { id: paid } = await done(requestPayment(ctx, 'withdrawal', { ...user, amountMinor: 5_000 }))
    await done(transitionPayment(ctx, paid, { do: 'complete' }))
    expect(await settle()).toEqual({ ok: false, reason: 'amount_out_of_range' })
    await done(transitionBet(ctx, id, { do: 'void' }))
  })

  it('without its reservation is not settled', async () => {
    const ctx = newTenant()
    await fund(ctx, 1_000)
    await admin.query(
      `insert into ledger.bet_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      values ($1, 'bare', 1, 'V1_BETS_BET_PLACED', $2, 'x'), ($1, 'bare', 2, 'V1_BETS_BET_ACCEPTED', '{}', 'x')`,
      [tenants, { ...order }],
    )
    const settled = transitionBet(ctx, 'bare', { do: 'settle', outcome: 'won' })
    expect(await settled).toEqual({ ok: false, reason: 'hold_missing' })
    const [found, ...others] = await violations(admin, tenants)
    expect(found).toContain('holds are the stakes of open bets')
    expect(others).toEqual([])
    await admin.query(`delete from ledger.bet_events where tenant_id = $1`, [tenants])
    await admin.query(`delete from ledger.bets_view where tenant_id = $1`, [tenants])
  })
})

describe('a payment', () => {
  it('moves by legal steps only', async () => {
    const ctx = newTenant()
    const deposit = await fund(ctx, 1_000)
    const again = transitionPayment(ctx, deposit, { do: 'complete' })
    expect(await again).toMatchObject({ ok: false, reason: 'illegal_transition' })
    const { id } = await done(requestPayment(ctx, 'withdrawal', { ...user, amountMinor: 300 }))
    expect(await transitionPayment(ctx, id, { do: 'charge-back' })).toMatchObject({
      reason: 'illegal_transition',
    })
    await done(transitionPayment(ctx, id, { do: 'complete' }))
    expect(await available(ctx)).toBe(700)
  })
})

describe('appended events', () => {
  const credit = (aggregateId: string, more: Partial<IncomingEvent> = {}): IncomingEvent => ({
    aggregateId,
    type: 'V1_BALANCES_BALANCE_CREDITED',
    data: { ...user, amountMinor: 10 },
    ...more,
  })
  const append = (ctx: Ctx, ...events: IncomingEvent[]) => appendEvents(ctx, events)

  it('are appended once under their key, within a batch and across batches', async () => {
    const ctx = newTenant()
    const one = credit('a', { idempotencyKey: 'k-1' })
    expect(await append(ctx, one, one)).toMatchObject({ value: { appended: 1, duplicates: 1 } })
    expect(await append(ctx, one)).toMatchObject({ value: { appended: 0, duplicates: 1 } })
    const other = credit('a', { idempotencyKey: 'k-1', data: { ...user, amountMinor: 11 } })
    expect(await append(ctx, other)).toMatchObject({ ok: false, reason: 'idempotency_key_reused' })
    expect(await available(ctx)).toBe(10)
  })

  it('are refused at another version than the caller names', async () => {
    const ctx = newTenant()
    await done(append(ctx, credit('a')))
    const late = append(ctx, credit('b'), credit('a', { expectedVersion: 0 }))
    expect(await late).toMatchObject({ ok: false, reason: 'version_conflict', current: 1 })
    expect(await available(ctx)).toBe(10)
  })

  it('release no more than their own stream reserved', async () => {
    const ctx = newTenant()
    await fund(ctx, 1_000)
    await openBet(ctx)
    const release = { ...credit('thief'), type: 'V1_BALANCES_BALANCE_RELEASED' } as IncomingEvent
    expect(await append(ctx, release)).toMatchObject({ ok: false, reason: 'hold_missing' })
    expect(await available(ctx)).toBe(0)
  })

  it('cannot be written past a gap in their stream', async () => {
    newTenant()
    const gap = admin.query(
      `insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      values ($1, 'gap', 2, 'V1_BALANCES_BALANCE_CREDITED', $2, 'x')`,
      [tenants, { ...user, amountMinor: 1 }],
    )
    expect(await failure(gap)).toMatchObject({ code: 'LS101' })
  })
})

describe('transfers', () => {
  const give = (
    amountMinor: number,
    { from = 'u-1', to = 'u-2', idempotencyKey = undefined as string | undefined } = {},
  ) => ({
    fromUserId: from,
    toUserId: to,
    currency: 'USD',
    amountMinor,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  })
  const transfer = async (ctx: Ctx, ...transfers: ReturnType<typeof give>[]) =>
    (await done(transferMoney(ctx, { transfers, atomic: false }))).results.map((result) =>
      result.status === 'rejected' ? result.code : result.status,
    )

  it('see what the ones before them took and gave', async () => {
    const ctx = newTenant()
    await fund(ctx, 100)
    expect(
      await transfer(ctx, give(80), give(30), give(80, { from: 'u-2', to: 'u-3' }), give(1, { from: 'u-2' })),
    ).toEqual(['accepted', 'insufficient_funds', 'accepted', 'insufficient_funds'])
    expect([await available(ctx), await available(ctx, 'u-3')]).toEqual([20, 80])
  })

  it('are made once under their key, within a batch and across batches', async () => {
    const ctx = newTenant()
    await fund(ctx, 100)
    const one = give(10, { idempotencyKey: `k-${++keys}` })
    expect(await transfer(ctx, one, one)).toEqual(['accepted', 'duplicate'])
    expect(await transfer(ctx, one)).toEqual(['duplicate'])
    expect(await transfer(ctx, { ...one, amountMinor: 11 })).toEqual(['idempotency_key_reused'])
    expect(await available(ctx)).toBe(90)
  })

  it('are made all or none when the caller requires it', async () => {
    const ctx = newTenant()
    await fund(ctx, 100)
    const both = transferMoney(ctx, { transfers: [give(60), give(60)], atomic: true })
    expect(await both).toMatchObject({ ok: false, reason: 'transfers_rejected' })
    expect(await available(ctx)).toBe(100)
  })
})

describe('the invariants job', () => {
  it('quarantines an account that differs from its events, until an operator clears it', async () => {
    const ctx = newTenant()
    await fund(ctx, 1_000)
    const change =
      'update ledger.user_balances_view set balance_minor = balance_minor + $2 where tenant_id = $1'
    await admin.query(change, [tenants, 5])
    await admin.query('select ledger.check_invariants(1000)')
    expect(await placeBet(ctx, order)).toEqual({ ok: false, reason: 'quarantined' })
    await admin.query(change, [tenants, -5])
    await done(noteAccount(ctx, { ...user, notice: 'clear', reason: 'repaired' }))
    expect(await placeBet(ctx, order)).toMatchObject({ ok: true })
  })
})

it('a caller whose token names no tenant is refused', async () => {
  const ctx = world.ctx({ principal: { role: 'admin', sub: 'root', tenantId: null } })
  expect(await failure(readBalances(ctx, 'u-1'))).toMatchObject({ code: 'forbidden' })
})
