import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rebuildView, verifyView } from '../../../functions/core/view.ts'
import { noteAccount } from '../../../functions/ledger/accounts/note.ts'
import { readBalances } from '../../../functions/ledger/accounts/read-balances.ts'
import { schemas } from '../../../functions/ledger/events.ts'
import { tenantScope } from '../../../functions/ledger/journal/scope.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { freshDatabase } from '../../support/database.ts'
import { done, tenantContext } from '../support/context.ts'
import { anyCommand, Database } from '../support/model.ts'
import { violations } from '../support/violations.ts'

const world = await freshEnvironment()
const { admin } = world.database
const empty = await freshDatabase()

const logs = ['bet_events', 'payment_events', 'balance_events', 'system_events']
const views = ['bets_view', 'payments_view', 'user_balances']
const stored = `tenant_id, aggregate_id, stream_version, id, xid, seq, event_type, event_data, schema_version,
  idempotency_key, occurred_at, created_at, actor`

for (let tenantId = 1; tenantId <= 3; tenantId += 1) await live(tenantId)

/** Runs a fixed sequence of random commands. */
async function live(tenantId: number): Promise<void> {
  const [commands = []] = fc.sample(fc.array(anyCommand, { minLength: 250, maxLength: 250 }), {
    numRuns: 1,
    seed: tenantId,
  })
  const database = new Database(tenantContext(world, tenantId))
  for (const command of commands) await database.decide(command)
  const scoped = tenantContext(world, tenantId)
  const [funded] = await readBalances(scoped, 'u-1')
  const account = { userId: 'u-1', currency: funded?.currency ?? '', reason: 'by rule' }
  for (const notice of ['allow-overdraft', 'quarantine', 'clear', 'quarantine'] as const)
    await done(noteAccount(scoped, { ...account, notice }))
}

async function rowsOf(database: typeof empty, view: string): Promise<string[]> {
  const { rows } = await database.admin.query<{ row: string }>(
    `select v::text as row from ledger.${view} v order by 1`,
  )
  return rows.map(({ row }) => row)
}

describe('every event in the log', () => {
  it('matches the schema of its type and version, including events of the invariants job', async () => {
    const client = await world.database.connect()
    await client.query('begin')
    await client.query('update ledger.user_balances_view set balance_minor = balance_minor + 1')
    await client.query(`select set_config('app.tenant_id', '', true), ledger.check_invariants(100)`)
    const { rows } = await client.query<{ type: keyof typeof schemas; version: number; data: unknown }>(
      'select event_type as type, schema_version as version, event_data as data from ledger.events',
    )
    await client.query('rollback')
    expect(rows.length).toBeGreaterThan(300)
    expect(new Set(rows.map(({ type }) => type)).size).toBeGreaterThan(20)
    const wrong = rows.filter(
      ({ type, version, data }) => !type.startsWith(`V${version}_`) || !schemas[type].safeParse(data).success,
    )
    expect(wrong).toEqual([])
  })

  it('is checked by a schema that rejects wrong and unknown fields', () => {
    expect(schemas.V1_BETS_BET_WON.safeParse({ payoutMinor: 1.5 }).success).toBe(false)
    expect(schemas.V1_BETS_BET_ACCEPTED.safeParse({ more: 1 }).success).toBe(false)
  })
})

describe('the log, replayed into an empty database', () => {
  it('gives the same views, row for row', async () => {
    for (const log of logs) {
      const { rows } = await admin.query<{ row: string }>(
        `select jsonb_agg(e order by e.seq)::text as row from ledger.${log} e`,
      )
      await empty.admin.query(
        `insert into ledger.${log} (${stored})
         select ${stored} from jsonb_populate_recordset(null::ledger.${log}, coalesce($1::jsonb, '[]')) order by seq`,
        [rows[0]?.row],
      )
    }
    for (const view of views) {
      const live = await rowsOf(world.database, view)
      expect(live.length).toBeGreaterThan(0)
      expect(await rowsOf(empty, view)).toEqual(live)
    }
    expect(await violations(empty.admin)).toEqual([])
  })
})

describe('a rebuild', () => {
  const scoped = tenantScope(tenantContext(world, 1))
  const rebuild = (view: string) => rebuildView(scoped, { view: `ledger.${view}`, scope: 1 })

  it.each(['bets_view', 'payments_view', 'user_balances_view'])(
    'of a correct %s changes no row and has equal checksums',
    async (view) => {
      const before = await rowsOf(world.database, view)
      const rebuilt = await rebuild(view)
      expect(rebuilt).toMatchObject({ mended: 0, differing: [] })
      expect(rebuilt.rowsBefore).toBeGreaterThan(0)
      expect(rebuilt.checksumBefore).toBe(rebuilt.checksumAfter)
      expect(await rowsOf(world.database, view)).toEqual(before)
    },
  )

  it.each([
    ['bets_view', `update ledger.bets_view set status = 'won' where tenant_id = 1 and status = 'accepted'`],
    ['bets_view', 'delete from ledger.bets_view where tenant_id = 1'],
    [
      'bets_view',
      `insert into ledger.bets_view
         (tenant_id, bet_id, user_id, amount_minor, currency, odds, selection, status, placed_at, stream_version)
       values (1, 'of-nobody', 'u-1', 1, 'USD', 2, 'x', 'placed', now(), 1)`,
    ],
    ['payments_view', 'update ledger.payments_view set amount_minor = amount_minor + 1 where tenant_id = 1'],
    [
      'user_balances_view',
      `update ledger.user_balances_view set balance_minor = balance_minor + 9 where tenant_id = 1`,
    ],
    ['user_balances_view', 'delete from ledger.user_balances_view where tenant_id = 1'],
  ])('repairs %s after "%s"', async (view, corruption) => {
    const before = await rowsOf(world.database, view)
    const { rowCount } = await admin.query(corruption)
    const differences = await verifyView(scoped, {
      view: `ledger.${view}`,
      scope: 1,
      sample: null,
      limit: 1_000,
    })
    expect(differences).toHaveLength(rowCount ?? -1)
    const rebuilt = await rebuild(view)
    expect(rebuilt.mended).toBe(rowCount)
    expect(rebuilt.checksumBefore).not.toBe(rebuilt.checksumAfter)
    expect(await rowsOf(world.database, view)).toEqual(before)
  })
})
