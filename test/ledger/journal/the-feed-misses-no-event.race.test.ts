import { describe, expect, it } from 'vitest'
import type { StoredEvent } from '../../../functions/ledger/journal/contract.ts'
import { readEvents } from '../../../functions/ledger/journal/read-events.ts'
import { freshEnvironment, times } from '../../core/environment.ts'
import { fund, openBet, tenantContext } from '../support/context.ts'
import { lateCredit } from '../support/late-credit.ts'

const world = await freshEnvironment()
const { admin } = world.database
let tenants = 0

/** Reads from a cursor to the end in pages of three. */
async function readOn(tenantId: number, after: string | null): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  for (let cursor = after; ; cursor = seen.at(-1)?.cursor ?? cursor) {
    const page = await readEvents(tenantContext(world, tenantId), { after: cursor, type: null, limit: 3 })
    if (page === null) throw new Error(`The feed does not know its cursor ${cursor}`)
    if (page.length === 0) return seen
    seen.push(...page)
  }
}

const storedIds = async (tenantId: number) =>
  (
    await admin.query('select id from ledger.events where tenant_id = $1 order by xid, seq', [tenantId])
  ).rows.map(({ id }) => String(id))

describe('the feed', () => {
  it('shows an event that commits late once, also to readers already past its sequence number', async () => {
    const tenantId = ++tenants
    await fund(tenantContext(world, tenantId), 500)
    const before = await readOn(tenantId, null)
    const commit = await lateCredit(world, tenantId)
    await fund(tenantContext(world, tenantId), 700)
    const bySeqAlone = 'select id, seq from ledger.events where tenant_id = $1 and seq > $2 order by seq'
    const { rows: naive } = await admin.query(bySeqAlone, [tenantId, 0])
    const meanwhile = await readOn(tenantId, before.at(-1)?.cursor ?? null)
    await commit()
    const seen = [...before, ...meanwhile]
    const after = await readOn(tenantId, seen.at(-1)?.cursor ?? null)
    expect([...seen, ...after].map(({ id }) => id)).toEqual(await storedIds(tenantId))
    expect(seen.concat(after).map(({ aggregateId }) => aggregateId)).toContain('late')
    // A reader that continues from the highest sequence number misses the late event.
    const { rows: rest } = await admin.query(bySeqAlone, [tenantId, naive.at(-1)?.seq])
    expect([...naive, ...rest]).toHaveLength(seen.length + after.length - 1)
  })

  it('misses no event and repeats none while twelve callers write', async () => {
    const tenantId = ++tenants
    const ctx = tenantContext(world, tenantId)
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
    seen.push(...(await readOn(tenantId, seen.at(-1)?.cursor ?? null)))
    expect(seen.map(({ id }) => id)).toEqual(await storedIds(tenantId))
    const versions = Map.groupBy(seen, ({ family, aggregateId }) => `${family} ${aggregateId}`)
    for (const stream of versions.values())
      expect(stream.map(({ streamVersion }) => streamVersion)).toEqual(stream.map((_, at) => at + 1))
  })
})
