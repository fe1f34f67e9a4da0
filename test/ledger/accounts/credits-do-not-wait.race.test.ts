import { afterEach, describe, expect, it } from 'vitest'
import { readBalances } from '../../../functions/ledger/accounts/read-balances.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { appendEvents } from '../../../functions/ledger/journal/append.ts'
import type { IncomingEvent } from '../../../functions/ledger/journal/contract.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { untilBlocking } from '../../support/blocking.ts'
import { done, fund, openBet, order, tenantContext } from '../support/context.ts'
import { mustHold } from '../support/violations.ts'

const world = await freshEnvironment()
const { admin } = world.database
let tenants = 0
afterEach(() => mustHold(admin))

/** Locks the account's row, as a command does while it decides. */
async function lockAccount(tenantId: number) {
  const holder = await world.database.connect()
  await holder.query('begin')
  await holder.query('select from ledger.user_balances_view where tenant_id = $1 for update', [tenantId])
  return {
    /** Resolves when another session waits for the row. */
    blocksAnother: () => untilBlocking(holder, admin),
    release: () => holder.query('commit'),
  }
}

const balanceOf = async (tenantId: number) => {
  const [balance] = await readBalances(tenantContext(world, tenantId), 'u-1')
  return balance && [balance.balanceMinor, balance.reservedMinor, balance.availableMinor]
}
const waiting = async (tenantId: number) =>
  (await admin.query('select from ledger.balance_deltas where tenant_id = $1', [tenantId])).rowCount

describe('while another transaction locks an account', () => {
  it('credits do not wait, and readers see them at once', async () => {
    const tenantId = ++tenants
    const ctx = tenantContext(world, tenantId)
    await fund(ctx, 1_000)
    const won = await openBet(ctx, { stakeMinor: 100 })
    const { release } = await lockAccount(tenantId)
    await times(20, () => fund(ctx, 50))
    await done(transitionBet(ctx, won, { do: 'settle', outcome: 'won' }))
    expect(await balanceOf(tenantId)).toEqual([2_150, 0, 2_150])
    // Twenty deposits, and the release with the payout of the bet.
    expect(await waiting(tenantId)).toBe(21)
    await release()
    expect(await balanceOf(tenantId)).toEqual([2_150, 0, 2_150])
  })

  it('a debit waits and then sees the credits that arrived meanwhile', async () => {
    const tenantId = ++tenants
    const ctx = tenantContext(world, tenantId)
    await fund(ctx, 10)
    const { blocksAnother, release } = await lockAccount(tenantId)
    await fund(ctx, 990)
    const bet = placeBet(ctx, order)
    await blocksAnother()
    await release()
    expect(await bet).toMatchObject({ ok: true })
    expect(await balanceOf(tenantId)).toEqual([1_000, 1_000, 0])
    expect(await waiting(tenantId)).toBe(0)
  })

  it.each(['u-1', 'u-new'])(
    'appended debits of %s wait before they get a number and are ordered after the credit they waited for',
    async (userId) => {
      const tenantId = ++tenants
      const ctx = tenantContext(world, tenantId)
      await fund(ctx, 10)
      const holder = await world.database.connect()
      await holder.query('begin')
      await holder.query(`select set_config('app.tenant_id', '${tenantId}', true)`)
      await holder.query(
        `insert into ledger.user_balances_view (tenant_id, user_id, currency) values ($1, $2, 'USD')
         on conflict (tenant_id, user_id, currency) do update set last_seq = excluded.last_seq`,
        [tenantId, userId],
      )
      const event = (
        aggregateId: string,
        type: 'CREDITED' | 'DEBITED',
        amountMinor: number,
      ): IncomingEvent => ({
        aggregateId,
        type: `V1_BALANCES_BALANCE_${type}`,
        data: { userId, currency: 'USD', amountMinor },
      })
      const taken = appendEvents(ctx, [event('a', 'DEBITED', 500)])
      await untilBlocking(holder, admin)
      await holder.query(`select ledger.append_events($1::jsonb, 'x')`, [
        JSON.stringify([event('b', 'CREDITED', 600)]),
      ])
      await holder.query('commit')
      expect(await taken).toEqual({ ok: true, value: { appended: 1, duplicates: 0 } })
      const { rows: entries } = await admin.query(
        `select aggregate_id from ledger.balance_events where tenant_id = $1 and user_id = $2 and aggregate_id in ('a', 'b')
         order by xid, seq`,
        [tenantId, userId],
      )
      expect(entries.map((entry) => Object.values(entry)[0])).toEqual(['b', 'a'])
    },
  )

  it('credits would wait if the trigger did not skip locked rows', async () => {
    const tenantId = ++tenants
    const ctx = tenantContext(world, tenantId)
    await fund(ctx, 1_000)
    const { rows } = await admin.query<{ text: string }>(
      `select pg_get_functiondef('ledger.apply_user_balances_view()'::regprocedure) as text`,
    )
    const text = rows[0]?.text ?? ''
    expect(text).toContain('for update skip locked')
    await admin.query(text.replace('for update skip locked', 'for update'))
    const { blocksAnother, release } = await lockAccount(tenantId)
    const credit = fund(ctx, 50)
    await blocksAnother()
    await release()
    await credit
    await admin.query(text)
  })
})

describe('queued deltas', () => {
  it('are folded into idle accounts by the job, and no balance changes', async () => {
    const [quiet, busy] = [++tenants, ++tenants]
    for (const tenantId of [quiet, busy]) {
      await fund(tenantContext(world, tenantId), 1_000)
      const { release } = await lockAccount(tenantId)
      await times(5, () => fund(tenantContext(world, tenantId), 50))
      await release()
    }
    const { release } = await lockAccount(busy)
    await admin.query('select ledger.fold_waiting(1000)')
    expect([await waiting(quiet), await waiting(busy)]).toEqual([0, 5])
    expect([await balanceOf(quiet), await balanceOf(busy)]).toEqual([
      [1_250, 0, 1_250],
      [1_250, 0, 1_250],
    ])
    await release()
    await admin.query('select ledger.fold_waiting(1000)')
    expect(await waiting(busy)).toBe(0)
    expect(await balanceOf(busy)).toEqual([1_250, 0, 1_250])
  })
})
