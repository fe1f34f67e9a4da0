import { describe, expect, it } from 'vitest'
import type { StatementCursor } from '../../../functions/ledger/accounts/contract.ts'
import { readStatement } from '../../../functions/ledger/accounts/read-statement.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { fund, tenantContext } from '../support/context.ts'
import { lateCredit } from '../support/late-credit.ts'

const world = await freshEnvironment()
let tenants = 0

describe('a statement', () => {
  it('read in pages includes a credit that commits late in its running balance', async () => {
    const tenantId = ++tenants
    const ctx = tenantContext(world, tenantId)
    await fund(ctx, 500, { userId: 'u-late' })
    const commit = await lateCredit(world, tenantId)
    const credit = () => fund(ctx, 10, { userId: 'u-late' })
    for (let round = 0; round < 3; round += 1) await credit()
    const page = async (after: StatementCursor | null) =>
      readStatement(ctx, { userId: 'u-late', currency: 'USD', from: null, to: null, after, limit: 2 })

    const first = await page(null)
    expect(first.entries.map(({ balanceMinor }) => balanceMinor)).toEqual([500])
    const held = await page(first.next)
    expect(held).toEqual({ entries: [], next: first.next })
    await commit()
    const second = await page(held.next)
    const third = await page(second.next)
    expect([second, third].flatMap(({ entries }) => entries.map(({ balanceMinor }) => balanceMinor))).toEqual(
      [501, 511, 521, 531],
    )
    expect(third.next).toBeNull()
  })

  it('shows the newest entries at once on its last page', async () => {
    const tenantId = ++tenants
    const ctx = tenantContext(world, tenantId)
    await fund(ctx, 500, { userId: 'u-late' })
    const commit = await lateCredit(world, tenantId)
    await fund(ctx, 25, { userId: 'u-late' })
    const all = { userId: 'u-late', currency: 'USD', from: null, to: null, after: null, limit: 3 }
    const balances = async () =>
      (await readStatement(ctx, all)).entries.map(({ balanceMinor }) => balanceMinor)
    expect(await balances()).toEqual([500, 525])
    await commit()
    expect(await balances()).toEqual([500, 501, 526])
  })
})
