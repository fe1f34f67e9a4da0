import { describe, expect, it } from 'vitest'
import { readStatement, type Standing } from '../../functions/ledger/accounts/read-statement.ts'
import type { StoredEvent } from '../../functions/ledger/journal/contract.ts'
import { readEvents } from '../../functions/ledger/journal/read-events.ts'
import { freshWorld, times } from '../core/world.ts'
import { untilFeedsShow } from '../support/feeds.ts'
import { deskOf, fund, openBet } from './desk.ts'

const world = await freshWorld()
const { admin } = world.database
let tenants = 0

/** A credit of 1 that is written now and committed when told so. */
async function lateCredit(tenantId: number): Promise<() => Promise<unknown>> {
  const client = await world.database.connect(world.database.workerUrl)
  await client.query('begin')
  await client.query(`select set_config('app.tenant_id', '${tenantId}', true)`)
  await client.query(
    `insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
     values ($1, 'late', 1, 'V1_BALANCES_BALANCE_CREDITED', '{"userId":"u-late","currency":"USD","amountMinor":1}', 'x')`,
    [tenantId],
  )
  return () => client.query('commit')
}

/** What a reader of pages of three is shown, from where it stood. */
async function readOn(tenantId: number, after: string | null): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  for (let cursor = after; ; cursor = seen.at(-1)?.cursor ?? cursor) {
    const page = await readEvents(deskOf(world, tenantId), { after: cursor, type: null, limit: 3 })
    if (page.length === 0) return seen
    seen.push(...page)
  }
}

const storedIds = async (tenantId: number) =>
  (
    await admin.query('select id from ledger.events where tenant_id = $1 order by xid, seq', [tenantId])
  ).rows.map(({ id }) => String(id))

describe('the feed', () => {
  it('shows what commits late, once and to those who read before as well', async () => {
    const tenantId = ++tenants
    await fund(deskOf(world, tenantId), 500)
    await untilFeedsShow(admin)
    const before = await readOn(tenantId, null)
    const commit = await lateCredit(tenantId)
    await fund(deskOf(world, tenantId), 700)
    const bySeqAlone = 'select id, seq from ledger.events where tenant_id = $1 and seq > $2 order by seq'
    const { rows: naive } = await admin.query(bySeqAlone, [tenantId, 0])
    const meanwhile = await readOn(tenantId, before.at(-1)?.cursor ?? null)
    await commit()
    await untilFeedsShow(admin)
    const seen = [...before, ...meanwhile]
    const after = await readOn(tenantId, seen.at(-1)?.cursor ?? null)
    expect([...seen, ...after].map(({ id }) => id)).toEqual(await storedIds(tenantId))
    expect(seen.concat(after).map(({ aggregateId }) => aggregateId)).toContain('late')
    // Whoever goes on from the highest number it saw has lost the late one.
    const { rows: rest } = await admin.query(bySeqAlone, [tenantId, naive.at(-1)?.seq])
    expect([...naive, ...rest]).toHaveLength(seen.length + after.length - 1)
  })

  it('misses nothing and repeats nothing while twelve write', async () => {
    const tenantId = ++tenants
    const ctx = deskOf(world, tenantId)
    await fund(ctx, 100_000)
    let writing = true
    const writers = times(12, async (n) => {
      for (let round = 0; round < 4; round += 1) {
        await fund(ctx, 10, { userId: `u-${n % 3}` })
        await openBet(ctx, { stakeMinor: 5 })
      }
    }).finally(() => {
      writing = false
    })
    const seen: StoredEvent[] = []
    while (writing) seen.push(...(await readOn(tenantId, seen.at(-1)?.cursor ?? null)))
    await writers
    await untilFeedsShow(admin)
    seen.push(...(await readOn(tenantId, seen.at(-1)?.cursor ?? null)))
    expect(seen.map(({ id }) => id)).toEqual(await storedIds(tenantId))
    const versions = Map.groupBy(seen, ({ family, aggregateId }) => `${family} ${aggregateId}`)
    for (const stream of versions.values())
      expect(stream.map(({ streamVersion }) => streamVersion)).toEqual(stream.map((_, at) => at + 1))
  })
})

describe('a statement', () => {
  it('read in pages has the credit that commits late, and a running balance that goes on from it', async () => {
    const tenantId = ++tenants
    const ctx = deskOf(world, tenantId)
    await fund(ctx, 500, { userId: 'u-late' })
    await untilFeedsShow(admin)
    const commit = await lateCredit(tenantId)
    const credit = () => fund(ctx, 10, { userId: 'u-late' })
    for (let round = 0; round < 3; round += 1) await credit()
    const page = async (after: Standing | null) =>
      readStatement(ctx, { userId: 'u-late', currency: 'USD', from: null, to: null, after, limit: 2 })

    const first = await page(null)
    expect(first.entries.map(({ balanceMinor }) => balanceMinor)).toEqual([500])
    const held = await page(first.next)
    expect(held).toEqual({ entries: [], next: first.next })
    await commit()
    await untilFeedsShow(admin)
    const second = await page(held.next)
    const third = await page(second.next)
    expect([second, third].flatMap(({ entries }) => entries.map(({ balanceMinor }) => balanceMinor))).toEqual(
      [501, 511, 521, 531],
    )
    expect(third.next).toBeNull()
  })

  it('on its last page shows at once what was just done', async () => {
    const tenantId = ++tenants
    const ctx = deskOf(world, tenantId)
    await fund(ctx, 500, { userId: 'u-late' })
    const commit = await lateCredit(tenantId)
    await fund(ctx, 25, { userId: 'u-late' })
    const all = { userId: 'u-late', currency: 'USD', from: null, to: null, after: null, limit: 3 }
    const balances = async () =>
      (await readStatement(ctx, all)).entries.map(({ balanceMinor }) => balanceMinor)
    expect(await balances()).toEqual([500, 525])
    await commit()
    expect(await balances()).toEqual([500, 501, 526])
  })
})
