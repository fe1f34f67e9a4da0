import type pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { directDb } from '../../../dev/postgres/direct-db.ts'
import type { Ctx } from '../../../functions/core/context.ts'
import { noteAccount } from '../../../functions/ledger/accounts/note.ts'
import { readBalances } from '../../../functions/ledger/accounts/read-balances.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { appendEvents } from '../../../functions/ledger/journal/append.ts'
import type { IncomingEvent } from '../../../functions/ledger/journal/contract.ts'
import { readEvents } from '../../../functions/ledger/journal/read-events.ts'
import { requestPayment } from '../../../functions/ledger/payments/request.ts'
import { transitionPayment } from '../../../functions/ledger/payments/transition.ts'
import { transferMoney } from '../../../functions/ledger/transfers/transfer.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { meets } from '../../support/blocking.ts'
import { done, fund, openBet, order, tenantContext } from '../support/context.ts'
import { mustHold } from '../support/violations.ts'

/*
 * Another session decides about the account in a transaction that is still open. The command waits for it and then
 * decides once, with a refusal that its idempotency key keeps. The triggers check again, but their refusal keeps no key
 * and ends the whole batch.
 */
const world = await freshEnvironment()
const { admin } = world.database
let tenants = 0
let commands = 0
afterEach(() => mustHold(admin))

const user = { userId: 'u-1', currency: 'USD' }

function newTenant() {
  const tenantId = ++tenants
  return { tenantId, ctx: tenantContext(world, tenantId) }
}

/** A request with a key of its own; `again` is the same request once more. */
function keyed(tenantId: number): { first: Ctx; again: Ctx } {
  commands += 1
  const make = () => tenantContext(world, tenantId, `command ${commands}`)
  return { first: make(), again: make() }
}

/** A session that works in an open transaction of this tenant. */
async function openTransaction(tenantId: number): Promise<{ keeper: pg.Client; ctx: Ctx }> {
  const keeper = await world.database.connect(world.database.workerUrl)
  await keeper.query('begin')
  await keeper.query(`select set_config('app.tenant_id', '${tenantId}', true)`)
  return { keeper, ctx: Object.assign(tenantContext(world, tenantId), { db: directDb(keeper) }) }
}

/** The command waits for `meanwhile`, which commits first. */
async function after<T>(
  tenantId: number,
  meanwhile: (ctx: Ctx) => Promise<unknown>,
  command: () => Promise<T>,
): Promise<T> {
  const { keeper, ctx } = await openTransaction(tenantId)
  await meanwhile(ctx)
  const running = command()
  await meets(keeper, running, admin)
  await keeper.query('commit')
  return running
}

/** Credits a locked account, so that the credit waits beside it. */
async function creditWhileLocked(tenantId: number, amountMinor: number): Promise<void> {
  const { keeper } = await openTransaction(tenantId)
  await keeper.query('select from ledger.user_balances_view for update')
  await fund(tenantContext(world, tenantId), amountMinor)
  await keeper.query('rollback')
}

const bet = (stakeMinor: number) => ({ ...order, stakeMinor })
const note = (ctx: Ctx, notice: 'quarantine' | 'clear', userId = 'u-1') =>
  done(noteAccount(ctx, { userId, currency: 'USD', notice, reason: 'a test' }))
const withdraw = (ctx: Ctx, amountMinor: number) =>
  requestPayment(ctx, 'withdrawal', { ...user, amountMinor })
const available = async (ctx: Ctx, userId = 'u-1') => (await readBalances(ctx, userId))[0]?.availableMinor

describe('a command that waits for an account', () => {
  it.each<[string, (ctx: Ctx, deposit: string) => Promise<unknown>]>([
    ['a bet', (ctx) => placeBet(ctx, bet(1_000))],
    ['a withdrawal', (ctx) => withdraw(ctx, 1_000)],
    ['a charge-back', (ctx, deposit) => transitionPayment(ctx, deposit, { do: 'charge-back' })],
  ])('knows what is left after the command before it: %s', async (_, command) => {
    const { tenantId, ctx } = newTenant()
    const deposit = await fund(ctx, 1_000)
    const { first, again } = keyed(tenantId)
    const refused = { ok: false, reason: 'insufficient_funds', availableMinor: 400 }
    expect(
      await after(
        tenantId,
        (other) => placeBet(other, bet(600)),
        () => command(first, deposit),
      ),
    ).toEqual(refused)
    await fund(ctx, 5_000)
    expect(await command(again, deposit)).toEqual(refused)
    expect(again.replayed).toBe(true)
  })

  it('does not count a waiting credit that the command before it has counted', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 100)
    await creditWhileLocked(tenantId, 500)
    expect(
      await after(
        tenantId,
        (other) => placeBet(other, bet(400)),
        () => placeBet(ctx, bet(300)),
      ),
    ).toEqual({ ok: false, reason: 'insufficient_funds', availableMinor: 200 })
  })

  it('counts the credits that wait beside the account', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 10)
    await creditWhileLocked(tenantId, 990)
    expect(await placeBet(ctx, bet(1_000))).toMatchObject({ ok: true })
    await creditWhileLocked(tenantId, 300)
    expect(await withdraw(ctx, 300)).toMatchObject({ ok: true })
    expect(await available(ctx)).toBe(0)
  })
})

describe('a command on a quarantined account', () => {
  it.each<[string, (ctx: Ctx, ids: { bet: string; withdrawal: string }) => Promise<unknown>]>([
    ['a bet', (ctx) => placeBet(ctx, bet(100))],
    ['a lost bet', (ctx, ids) => transitionBet(ctx, ids.bet, { do: 'settle', outcome: 'lost' })],
    ['a withdrawal', (ctx) => withdraw(ctx, 100)],
    ['the end of a withdrawal', (ctx, ids) => transitionPayment(ctx, ids.withdrawal, { do: 'complete' })],
  ])('is refused, and its key keeps the refusal after the account is cleared: %s', async (_, command) => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 5_000)
    const ids = { bet: await openBet(ctx), withdrawal: (await done(withdraw(ctx, 200))).id }
    await note(ctx, 'quarantine')
    const { first, again } = keyed(tenantId)
    expect(await command(first, ids)).toEqual({ ok: false, reason: 'quarantined' })
    await note(ctx, 'clear')
    expect(await command(again, ids)).toEqual({ ok: false, reason: 'quarantined' })
    expect(again.replayed).toBe(true)
  })
})

describe('two commands on one stream', () => {
  it('wait for each other, and the second decides once, in one round trip', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 5_000)
    const withdrawal = (await done(withdraw(ctx, 200))).id
    const open = await openBet(ctx)
    const both: ((by: Ctx) => Promise<unknown>)[] = [
      (by) => transitionPayment(by, withdrawal, { do: 'complete' }),
      (by) => transitionBet(by, open, { do: 'settle', outcome: 'won' }),
    ]
    for (const command of both) {
      const second = tenantContext(world, tenantId)
      expect(await after(tenantId, command, () => command(second))).toMatchObject({
        ok: false,
        reason: 'illegal_transition',
      })
      expect(second.metrics.trips).toBe(1)
    }
  })

  it('that lock nothing are decided again on the newer version', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 5_000)
    await after(
      tenantId,
      (other) => note(other, 'quarantine'),
      () => note(ctx, 'clear'),
    )
    expect(await placeBet(ctx, bet(100))).toMatchObject({ ok: true })
  })
})

const appended = (
  type: 'CREDITED' | 'DEBITED',
  amountMinor: number,
  userId = 'u-1',
  aggregateId = `${type} ${userId}`,
): IncomingEvent => ({
  aggregateId,
  type: `V1_BALANCES_BALANCE_${type}`,
  data: { userId, currency: 'USD', amountMinor },
})
/** More accounts than the trigger changes one by one. */
const crowd = Array.from({ length: 9 }, (_, nth) => `c-${nth}`)
const credits = (amountMinor: number) => crowd.map((userId) => appended('CREDITED', amountMinor, userId))

describe.each<[string, IncomingEvent[]]>([
  ['an appended event', []],
  ['an appended batch of many accounts', credits(1)],
])('%s', (_, more) => {
  const append = (ctx: Ctx, events: IncomingEvent[]) => appendEvents(ctx, [...more, ...events])

  it('takes no money from a quarantined account', async () => {
    const { ctx } = newTenant()
    await fund(ctx, 5_000)
    await note(ctx, 'quarantine')
    expect(await append(ctx, [appended('DEBITED', 100)])).toMatchObject({ ok: false, reason: 'quarantined' })
    expect(await available(ctx)).toBe(5_000)
  })

  it('overdraws no account, not even between two events', async () => {
    const { ctx } = newTenant()
    await fund(ctx, 100)
    const later = appended('CREDITED', 500, 'u-1', 'later')
    expect(await append(ctx, [appended('DEBITED', 500), later])).toMatchObject({
      ok: false,
      reason: 'insufficient_funds',
    })
    expect(await append(ctx, [later, appended('DEBITED', 500)])).toMatchObject({ ok: true })
  })

  it('may use the credits that wait beside the account', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 10)
    await creditWhileLocked(tenantId, 990)
    expect(await append(ctx, [appended('DEBITED', 1_000)])).toMatchObject({ ok: true })
    expect(await available(ctx)).toBe(0)
  })
})

describe('an append', () => {
  it('after another one to its stream is numbered anew, in one round trip', async () => {
    const { tenantId } = newTenant()
    const second = tenantContext(world, tenantId)
    const event = (amountMinor: number) => appended('CREDITED', amountMinor, 'u-1', 'one stream')
    expect(
      await after(
        tenantId,
        (other) => appendEvents(other, [event(1)]),
        () => appendEvents(second, [event(2)]),
      ),
    ).toMatchObject({ ok: true })
    expect(second.metrics.trips).toBe(1)
    expect(await available(second)).toBe(3)
  })

  // A holder that has only locked the row, and one that has written it: Postgres waits for the two at different places.
  it.each([
    ['u-1', 'select from ledger.user_balances_view where tenant_id = $1 and user_id = $2 for update'],
    ['u-new', `insert into ledger.user_balances_view (tenant_id, user_id, currency) values ($1, $2, 'USD')`],
  ])(
    'of a debit of %s stands after the credit that it waited for, although others have committed meanwhile',
    async (userId, hold) => {
      const { tenantId, ctx } = newTenant()
      await fund(ctx, 10)
      const { keeper, ctx: other } = await openTransaction(tenantId)
      await keeper.query(hold, [tenantId, userId])
      const debited = appendEvents(ctx, [appended('DEBITED', 500, userId)])
      await meets(keeper, debited, admin)
      // A place is at least the newest id that has completed, so the credit's place is beyond this one.
      await admin.query('select pg_current_xact_id()')
      await done(appendEvents(other, [appended('CREDITED', 600, userId)]))
      await keeper.query('commit')
      expect(await debited).toMatchObject({ ok: true })
      const { rows } = await admin.query(
        `select aggregate_id from ledger.balance_events
        where tenant_id = $1 and user_id = $2 and (aggregate_id like 'CREDITED%' or aggregate_id like 'DEBITED%')
        order by xid, seq`,
        [tenantId, userId],
      )
      expect(rows.map((row) => row.aggregate_id)).toEqual([`CREDITED ${userId}`, `DEBITED ${userId}`])
    },
  )

  it('of an amount that could exceed the largest exact number waits for the account', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 10)
    const { keeper } = await openTransaction(tenantId)
    await keeper.query('select from ledger.user_balances_view for update')
    const credited = appendEvents(ctx, [appended('CREDITED', 2 ** 41)])
    expect(await meets(keeper, credited, admin)).toBe('waits')
    await keeper.query('rollback')
    expect(await credited).toMatchObject({ ok: true })
  })
})

describe('two commands on an account that exists and one that does not', () => {
  const move = { currency: 'USD', amountMinor: 5 }
  // Each holds `u-1` when it waits for `u-3`, and creates `u-new`.
  it.each<[string, (ctx: Ctx) => Promise<{ ok: boolean }>]>([
    [
      'a transfer',
      (ctx) =>
        transferMoney(ctx, {
          atomic: true,
          transfers: [
            { ...move, fromUserId: 'u-1', toUserId: 'u-new' },
            { ...move, fromUserId: 'u-3', toUserId: 'u-1' },
          ],
        }),
    ],
    [
      'appended credits',
      (ctx) =>
        appendEvents(ctx, [
          appended('CREDITED', 1),
          appended('CREDITED', 2 ** 41, 'u-3'),
          appended('CREDITED', 1, 'u-new'),
        ]),
    ],
    [
      'appended credits of many accounts',
      (ctx) =>
        appendEvents(ctx, [
          ...credits(1),
          ...['u-1', 'u-3', 'u-new'].map((id) => appended('CREDITED', 1, id)),
        ]),
    ],
  ])('take them in one order, so that none is a deadlock: %s', async (_, command) => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 100)
    await fund(ctx, 100, { userId: 'u-3' })
    const { keeper: holder } = await openTransaction(tenantId)
    await holder.query(`select from ledger.user_balances_view where user_id = 'u-3' for update`)
    const { keeper, ctx: first } = await openTransaction(tenantId)
    const running = command(first)
    expect(await meets(holder, running, admin)).toBe('waits')
    const by = tenantContext(world, tenantId)
    const second = appendEvents(by, [
      appended('DEBITED', 1, 'u-1', 'second'),
      appended('CREDITED', 1, 'u-new', 'another'),
    ])
    expect(await meets(keeper, second, admin)).toBe('waits')
    await holder.query('commit')
    expect(await running).toMatchObject({ ok: true })
    await keeper.query('commit')
    expect(await second).toMatchObject({ ok: true })
    // The victim of a deadlock would be sent again.
    expect(by.metrics.trips).toBe(1)
  })
})

describe('the job that folds waiting credits', () => {
  it('does not wait for a locked account', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 10)
    await creditWhileLocked(tenantId, 20)
    const { keeper } = await openTransaction(tenantId)
    await keeper.query('select from ledger.user_balances_view for update')
    const job = await world.database.connect()
    await job.query(`set lock_timeout = '100ms'`)
    await job.query('select ledger.fold_waiting(1000)')
    await keeper.query('rollback')
    await job.query('select ledger.fold_waiting(1000)')
    expect((await admin.query('select from ledger.balance_deltas')).rowCount).toBe(0)
    expect(await available(ctx)).toBe(30)
  })
})

describe('a transfer', () => {
  const give = (amountMinor: number, fromUserId = 'u-1', toUserId = 'u-2') => ({
    fromUserId,
    toUserId,
    currency: 'USD',
    amountMinor,
  })
  const transfer = async (ctx: Ctx, ...transfers: ReturnType<typeof give>[]) =>
    (await done(transferMoney(ctx, { transfers, atomic: false }))).results

  it('waits for a debit and is then refused on its own, with the money that is left', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 1_000)
    await fund(ctx, 50, { userId: 'u-3' })
    const results = await after(
      tenantId,
      (other) => placeBet(other, bet(600)),
      () => transfer(ctx, give(500), give(50, 'u-3')),
    )
    expect(results).toMatchObject([
      { status: 'rejected', code: 'insufficient_funds', availableMinor: 400 },
      { status: 'accepted' },
    ])
  })

  it('may use the credits that wait beside the account', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 10)
    await creditWhileLocked(tenantId, 990)
    expect(await transfer(ctx, give(1_000))).toMatchObject([{ status: 'accepted' }])
    expect(await available(ctx, 'u-2')).toBe(1_000)
  })

  it('from a quarantined account, or beyond the largest exact number, is refused on its own', async () => {
    const { ctx } = newTenant()
    await fund(ctx, 1_000)
    await fund(ctx, 1_000, { userId: 'u-3' })
    await fund(ctx, Number.MAX_SAFE_INTEGER - 100, { userId: 'u-rich' })
    await note(ctx, 'quarantine', 'u-3')
    const results = await transfer(ctx, give(100, 'u-3'), give(101, 'u-1', 'u-rich'), give(100))
    expect(results).toMatchObject([
      { status: 'rejected', code: 'quarantined' },
      { status: 'rejected', code: 'amount_out_of_range' },
      { status: 'accepted' },
    ])
  })

  it('that is refused creates no account of its sender or receiver', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 100)
    const accounts = async () => {
      const { rows } = await admin.query(
        'select user_id from ledger.user_balances_view where tenant_id = $1 order by 1',
        [tenantId],
      )
      return rows.map((row) => row.user_id)
    }
    expect(await transfer(ctx, give(500, 'u-1', 'u-9'), give(1, 'u-8', 'u-7'), give(10))).toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
      { status: 'accepted' },
    ])
    expect(await accounts()).toEqual(['u-1', 'u-2'])
    const refused = await transferMoney(ctx, { transfers: [give(10, 'u-1', 'u-5'), give(500)], atomic: true })
    expect(refused).toMatchObject({ ok: false })
    expect(await accounts()).toEqual(['u-1', 'u-2'])
  })

  it('that waits for the table of events takes its place after the events that readers have seen', async () => {
    const { tenantId, ctx } = newTenant()
    await fund(ctx, 1_000)
    const keeper = await world.database.connect()
    await keeper.query('begin')
    await keeper.query('lock table ledger.balance_events in share mode')
    const given = transfer(ctx, give(100))
    await meets(keeper, given, admin)
    await admin.query(
      `insert into ledger.payment_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      values ($1, 'seen', 1, 'V1_PAYMENTS_DEPOSIT_REQUESTED', $2, 'x')`,
      [tenantId, { ...user, amountMinor: 1 }],
    )
    const seen = await readEvents(ctx, { after: null, type: null, limit: 100 })
    await keeper.query('commit')
    expect(await given).toMatchObject([{ status: 'accepted' }])
    expect(seen?.at(-1)).toMatchObject({ aggregateId: 'seen' })
    const next = await readEvents(ctx, { after: seen?.at(-1)?.cursor ?? null, type: null, limit: 100 })
    expect(next?.map(({ type }) => type)).toEqual([
      'V1_BALANCES_BALANCE_DEBITED',
      'V1_BALANCES_BALANCE_CREDITED',
    ])
  })
})
