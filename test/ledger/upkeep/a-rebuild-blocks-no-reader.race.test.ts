import { describe, expect, it } from 'vitest'
import { rebuildView } from '../../../functions/core/view.ts'
import { readBet } from '../../../functions/ledger/bets/read.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { appendEvents } from '../../../functions/ledger/journal/append.ts'
import { tenantScope } from '../../../functions/ledger/journal/scope.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { done, fund, openBet, tenantContext } from '../support/context.ts'
import { violations } from '../support/violations.ts'

const world = await freshEnvironment()
const { admin } = world.database
const ctx = tenantContext(world)
const views = ['bets_view', 'payments_view', 'user_balances_view']
const placed = (n: number) => ({
  aggregateId: `old-${n}`,
  type: 'V1_BETS_BET_PLACED' as const,
  data: { userId: `u-${n % 40}`, currency: 'USD', stakeMinor: 1, odds: '2', selection: 'x' },
})
const credited = (n: number) => ({
  aggregateId: `gift-${n}`,
  type: 'V1_BALANCES_BALANCE_CREDITED' as const,
  data: { userId: `u-${n % 40}`, currency: 'USD', amountMinor: 1_000 },
})
const reserved = (n: number) => ({
  aggregateId: `old-${n}`,
  type: 'V1_BALANCES_BALANCE_RESERVED' as const,
  data: { userId: `u-${n % 40}`, currency: 'USD', amountMinor: 1 },
})
for (const events of [[credited], [placed, reserved]])
  await done(
    appendEvents(ctx, Array.from({ length: 4_000 }, (_, n) => events.map((event) => event(n))).flat()),
  )

describe('during a rebuild', () => {
  it('readers do not wait, although its rows are locked', async () => {
    const [client, reader] = await Promise.all([world.database.connect(), world.database.connect()])
    await admin.query(`update ledger.bets_view set selection = 'broken'`)
    await client.query('begin')
    const { rows } = await client.query('select * from ledger.rebuild_bets_view(1)')
    expect(Number(rows[0].mended)).toBe(4_000)
    await reader.query(`set statement_timeout = '30s'`)
    const seen = await reader.query(
      `select count(*)::int as n from ledger.bets_view where selection = 'broken'`,
    )
    expect(seen.rows[0].n).toBe(4_000)
    expect(await readBet(ctx, 'old-7')).toMatchObject({ selection: 'broken' })
    await client.query('commit')
    expect(await readBet(ctx, 'old-7')).toMatchObject({ selection: 'x' })
  })

  it('writers continue, and their rows are neither lost nor reported as differences', async () => {
    let writing = true
    let bets = 0
    const writers = times(6, async (n) => {
      const own = { userId: `u-${n}` }
      await fund(ctx, 100_000, own)
      for (; writing; bets += 1) {
        const id = await openBet(ctx, { ...own, stakeMinor: 10 })
        await done(transitionBet(ctx, id, { do: 'settle', outcome: n % 2 === 0 ? 'won' : 'lost' }))
      }
    })
    for (let round = 0; round < 6 || bets <= 6; round += 1) {
      for (const view of views) {
        const rebuilt = await rebuildView(tenantScope(ctx), { view: `ledger.${view}`, scope: 1 })
        expect([rebuilt.mended, rebuilt.checksumBefore === rebuilt.checksumAfter]).toEqual([0, true])
      }
    }
    writing = false
    await writers
    expect(bets).toBeGreaterThan(6)
    expect((await violations(admin)).filter((law) => !law.startsWith('holds are'))).toEqual([])
  })

  it('a corrupted view is repaired while callers write', async () => {
    let writing = true
    const writers = times(4, async (n) => {
      while (writing) await openBet(ctx, { userId: `u-${n}`, stakeMinor: 1 })
    })
    for (let round = 0; round < 5; round += 1) {
      await admin.query(
        `update ledger.user_balances_view set balance_minor = balance_minor + 1000000 where user_id < 'u-2'`,
      )
      await rebuildView(tenantScope(ctx), { view: 'ledger.user_balances_view', scope: 1 })
    }
    writing = false
    await writers
    expect(await violations(admin)).toEqual([])
  })
})
