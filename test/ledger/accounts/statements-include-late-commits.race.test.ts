import { describe, expect, it } from 'vitest'
import type { Entry, NewestCursor, StatementCursor } from '../../../functions/ledger/accounts/contract.ts'
import { readNewest } from '../../../functions/ledger/accounts/read-newest.ts'
import { readStatement } from '../../../functions/ledger/accounts/read-statement.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { fund, tenantContext } from '../support/context.ts'
import { lateCredit } from '../support/late-credit.ts'

const world = await freshEnvironment()
let tenants = 0

/** An account with credits of 500, a late one of 1 that has not committed, and credits of 10. */
async function accountWithLateCredit(credits: number) {
  const tenantId = ++tenants
  const ctx = tenantContext(world, tenantId)
  const credit = (amount = 10) => fund(ctx, amount, { userId: 'u-late' })
  await credit(500)
  const commit = await lateCredit(world, tenantId)
  for (let round = 0; round < credits; round += 1) await credit()
  const asked = { userId: 'u-late', currency: 'USD', from: null, to: null }
  return {
    commit,
    credit,
    oldest: (after: StatementCursor | null, limit = 2) => readStatement(ctx, { ...asked, after, limit }),
    newest: (before: NewestCursor | null, limit = 2) => readNewest(ctx, { ...asked, before, limit }),
  }
}

const balances = (...pages: { entries: Entry[] }[]) =>
  pages.flatMap(({ entries }) => entries.map(({ balanceMinor }) => balanceMinor))

describe('a statement, oldest first', () => {
  it('shows all known entries while another transaction writes, and a late one on the next page', async () => {
    const { commit, oldest } = await accountWithLateCredit(6)
    const first = await oldest(null)
    const second = await oldest(first.next)
    expect(balances(first, second)).toEqual([500, 510, 520, 530])
    await commit()
    const third = await oldest(second.next)
    const fourth = await oldest(third.next)
    // The late credit of 1 comes with the balance that it left, and all later balances include it.
    expect(balances(third, fourth)).toEqual([501, 541, 551, 561])
    expect(fourth.next).toBeNull()
  })

  it('repeats no entry and misses none, whenever the late one commits', async () => {
    for (const commitAfter of [0, 1, 2, 3, 4]) {
      const { commit, oldest } = await accountWithLateCredit(5)
      const ids: string[] = []
      let page = 0
      for (let after: StatementCursor | null = null; ; ) {
        if (page++ === commitAfter) await commit()
        const { entries, next }: Awaited<ReturnType<typeof oldest>> = await oldest(after)
        expect(entries).not.toEqual([])
        ids.push(...entries.map(({ id }) => id))
        if (next === null) break
        after = next
      }
      const known = page > commitAfter ? 7 : 6
      expect([ids.length, new Set(ids).size]).toEqual([known, known])
    }
  })

  it('would miss the late entry if a cursor stood at the last entry shown', async () => {
    const { commit, oldest } = await accountWithLateCredit(5)
    const { next } = await oldest(null, 3)
    const seq = next?.ahead.at(-1) ?? 0
    const { rows } = await world.database.admin.query(
      'select xid::text as xid from ledger.balance_events where seq = $1',
      [seq],
    )
    await commit()
    const isLate = ({ balanceDeltaMinor }: Entry) => balanceDeltaMinor === 1
    const atLastShown = next && { ...next, xid: String(rows[0]?.xid), seq: String(seq), ahead: [] }
    const missing = await oldest(atLastShown, 9)
    expect([missing.entries.length, missing.entries.some(isLate)]).toEqual([3, false])
    const whole = await oldest(next, 9)
    expect([whole.entries.length, whole.entries.some(isLate)]).toEqual([4, true])
  })
})

describe('a statement, newest first', () => {
  it('begins with the present balance while another transaction writes', async () => {
    const { newest, oldest } = await accountWithLateCredit(3)
    expect(balances(await newest(null))).toEqual([530, 520])
    expect(balances(await newest(null, 9))).toEqual(balances(await oldest(null, 9)).toReversed())
  })

  it('shows a late entry below its cursor, and balances that include it', async () => {
    const { commit, newest } = await accountWithLateCredit(3)
    const first = await newest(null)
    expect(first.next?.sums).toBeNull()
    await commit()
    const second = await newest(first.next)
    const third = await newest(second.next)
    expect(balances(second, third)).toEqual([511, 501, 500])
    expect(third.next).toBeNull()
  })

  it('would show wrong balances if the cursor carried the balance of the first page', async () => {
    const { commit, newest } = await accountWithLateCredit(3)
    const { next } = await newest(null)
    await commit()
    const carried = next && { ...next, sums: [510, 0] satisfies NewestCursor['sums'] }
    expect(balances(await newest(carried, 9))).toEqual([510, 500, 499])
  })
})
