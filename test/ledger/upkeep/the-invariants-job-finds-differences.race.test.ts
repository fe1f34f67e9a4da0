import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { checkInvariants } from '../../../functions/ledger/upkeep/check-invariants.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { untilBlocking } from '../../support/blocking.ts'
import { done, fund, openBet, order, tenantContext } from '../support/context.ts'

const world = await freshEnvironment()
const { admin } = world.database
const ctx = tenantContext(world)
await fund(ctx, 5_000)
await openBet(ctx)

type Difference = { kind: string; subject: string; evidence: Record<string, unknown> }

/** The differences that the job finds after changes that are rolled back. */
async function foundAfter(...changes: string[]): Promise<Difference[]> {
  const client = await world.database.connect()
  await client.query('begin')
  try {
    for (const change of changes) await client.query(change)
    return await differences(client)
  } finally {
    await client.query('rollback')
  }
}

async function differences(client: pg.Client): Promise<Difference[]> {
  const { rows } = await client.query<Difference>(
    'select * from ledger.find_differences(1, null) order by kind',
  )
  return rows
}

describe('the invariants job', () => {
  it('finds no difference in a correct ledger', async () => {
    expect(await foundAfter()).toEqual([])
  })

  it.each([
    ['update ledger.user_balances_view set balance_minor = balance_minor + 7', ['balance']],
    ['delete from ledger.user_balances_view', ['balance', 'hold']],
    [`update ledger.bets_view set status = 'won', payout_minor = 1`, ['bet', 'hold']],
    ['update ledger.payments_view set amount_minor = 1', ['payment']],
    [
      `insert into ledger.balance_deltas select tenant_id, user_id, currency, 1, 500, 0 from ledger.user_balances_view`,
      ['balance'],
    ],
  ])('finds "%s"', async (change, kinds) => {
    expect((await foundAfter(change)).map(({ kind }) => kind)).toEqual(kinds)
  })

  it('finds a forbidden negative account if the rules of balances are missing', async () => {
    const found = await foundAfter(
      'alter table ledger.user_balances_view drop constraint user_balances_view_rules',
      'update ledger.user_balances_view set balance_minor = 0',
    )
    expect(found.map(({ kind }) => kind)).toEqual(['balance', 'negative'])
    expect(found.at(-1)).toMatchObject({ subject: 'u-1:USD', evidence: { available_minor: -1_000 } })
  })

  it('reports no difference while callers write', async () => {
    let writing = true
    const writers = times(6, async (n) => {
      const own = { userId: `u-${n % 3}` }
      while (writing) {
        await fund(ctx, 100, own)
        const bet = await placeBet(ctx, { ...order, ...own, stakeMinor: 50 })
        if (!bet.ok) continue
        await done(transitionBet(ctx, bet.value.id, n % 2 === 0 ? { do: 'void' } : { do: 'accept' }))
      }
    })
    const checked: unknown[] = []
    for (let round = 0; round < 6; round += 1) checked.push(...(await ctx.db.query(checkInvariants())))
    writing = false
    await writers
    expect(checked).toHaveLength(6)
    for (const one of checked)
      expect(one).toMatchObject({ outcome: { tenants: 1, differences: 0, quarantined: 0, outcome: 'ok' } })
    expect((await admin.query('select from ledger.alerts')).rowCount).toBe(0)
  })

  it('starts with the tenant checked longest ago and quarantines an account once', async () => {
    for (const tenantId of [2, 3]) await fund(tenantContext(world, tenantId), 10)
    await admin.query(
      'update ledger.user_balances_view set balance_minor = balance_minor + 1 where tenant_id = 3',
    )
    const run = async () => (await ctx.db.query<{ outcome: object }>(checkInvariants()))[0]?.outcome
    expect(await run()).toMatchObject({ tenants: 3, differences: 1, quarantined: 1 })
    expect(await run()).toMatchObject({ tenants: 3, differences: 1, quarantined: 0 })
    const { rows } = await admin.query(
      'select tenant_id::int from ledger.invariant_checks order by checked_at',
    )
    expect(new Set(rows.map(({ tenant_id }) => tenant_id))).toEqual(new Set([1, 2, 3]))
    const { rows: emitted } = await admin.query(
      `select audience, type from core.outbox where type like 'account.%'`,
    )
    expect(emitted).toEqual([{ audience: 'tenant:3', type: 'account.quarantined' }])
  })

  it('goes on when an operator notes something on the account at this moment, and quarantines it in the next run', async () => {
    await fund(tenantContext(world, 4), 10)
    await admin.query(
      'update ledger.user_balances_view set balance_minor = balance_minor + 1 where tenant_id = 4',
    )
    const operator = await world.database.connect()
    await operator.query('begin')
    await operator.query(`
      insert into ledger.system_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select 4, user_id || ':' || currency, 1, 'V1_SYSTEM_OVERDRAFT_ALLOWED',
        jsonb_build_object('userId', user_id, 'currency', currency, 'reason', 'agreed'), 'admin:1'
      from ledger.user_balances_view
      where tenant_id = 4`)
    const running = ctx.db.query(checkInvariants())
    await untilBlocking(operator, admin)
    await operator.query('commit')
    expect(await running).toMatchObject([{ outcome: { tenants: 4, differences: 2, quarantined: 0 } }])
    expect(await ctx.db.query(checkInvariants())).toMatchObject([{ outcome: { quarantined: 1 } }])
  })
})
