import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../functions/core/context.ts'
import type { Db } from '../../../functions/core/db.ts'
import { listFunded } from '../../../functions/ledger/accounts/list-funded.ts'
import { readBalances } from '../../../functions/ledger/accounts/read-balances.ts'
import { readBalancesAt } from '../../../functions/ledger/accounts/read-balances-at.ts'
import { readStatement } from '../../../functions/ledger/accounts/read-statement.ts'
import { listBets } from '../../../functions/ledger/bets/list.ts'
import { placeBet } from '../../../functions/ledger/bets/place.ts'
import { readBet } from '../../../functions/ledger/bets/read.ts'
import { readHistory } from '../../../functions/ledger/bets/read-history.ts'
import { transitionBet } from '../../../functions/ledger/bets/transition.ts'
import { readEvents } from '../../../functions/ledger/journal/read-events.ts'
import { tenantScope } from '../../../functions/ledger/journal/scope.ts'
import { listPayments } from '../../../functions/ledger/payments/list.ts'
import { requestPayment } from '../../../functions/ledger/payments/request.ts'
import { transitionPayment } from '../../../functions/ledger/payments/transition.ts'
import { readActivity } from '../../../functions/ledger/reports/read-activity.ts'
import { freshEnvironment } from '../../core/environment.ts'
import { explain } from '../../support/explain.ts'
import { sent } from '../../support/sent.ts'
import { order, tenantContext } from '../support/context.ts'

const world = await freshEnvironment()
// Runs as the Worker's role, because its policies are part of every plan.
const client = await world.database.connect(world.database.workerUrl)
const dialect = new PgDialect()
let middle = '0-0'

const views = ['ledger.bets_view', 'ledger.payments_view', 'ledger.user_balances_view']
const streams = 15_000

beforeAll(async () => {
  const owner = await world.database.connect()
  // Turns the triggers off: one rebuild at the end folds the views.
  await owner.query('set session_replication_role = replica')
  const append = (table: string, type: string, { version = 1, data = `'{}'`, from = 1 } = {}) =>
    owner.query(`
      insert into ledger.${table} (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select 1 + n % 4, 's-' || n, ${version}, '${type}', ${data}, 'x'
      from generate_series(${from}, ${streams}) n`)
  const of = (more: string) => `jsonb_build_object('userId', 'u-' || n % 2000, 'currency', 'USD', ${more})`
  await append('balance_events', 'V1_BALANCES_BALANCE_CREDITED', { data: of(`'amountMinor', 1000000`) })
  await append('bet_events', 'V1_BETS_BET_PLACED', {
    data: of(`'stakeMinor', 5, 'odds', '2', 'selection', 'x'`),
  })
  await append('balance_events', 'V1_BALANCES_BALANCE_RESERVED', { version: 2, data: of(`'amountMinor', 5`) })
  const { rows } = await owner.query(
    'select xid::text as xid, seq from ledger.balance_events order by seq desc limit 1',
  )
  await append('payment_events', 'V1_PAYMENTS_DEPOSIT_REQUESTED', { data: of(`'amountMinor', 50`) })
  await append('bet_events', 'V1_BETS_BET_ACCEPTED', { version: 2 })
  await append('bet_events', 'V1_BETS_BET_VOIDED', { version: 3, from: 1001 })
  await append('payment_events', 'V1_PAYMENTS_DEPOSIT_COMPLETED', { version: 2, from: 101 })
  for (const view of views)
    await owner.query(`select ${view.replace('.', '.rebuild_')}(n) from generate_series(1, 4) n`)
  // Another tenant is busy.
  await owner.query(`
    insert into ledger.balance_deltas (tenant_id, user_id, currency, seq, balance_delta, reserved_delta)
    select 4, 'u-' || n % 2000, 'USD', n, 1, 0 from generate_series(1, 10000) n`)
  await owner.query('select ledger.refresh_aggregate_views()')
  await owner.query(
    `vacuum analyze ${views.join()}, ledger.balance_deltas, ledger.bet_events, ledger.payment_events, ledger.balance_events`,
  )
  middle = `${rows[0].xid}-${rows[0].seq}`
})

type Plan = { scannedWhole: string[]; indexes: string[]; pages: number }
type Node = {
  'Node Type': string
  'Relation Name'?: string
  Schema?: string
  'Index Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

class Explained extends Error {}

/** The plan of a verb's one statement, run for tenant 1 and rolled back. */
async function planOf(work: (ctx: Ctx) => Promise<unknown>): Promise<Plan> {
  let plan: Plan | null = null
  const db = {
    with: () => db,
    call: async () => null,
    query: (statement: SQL) => db.batch([statement]),
    async batch(statements: SQL[]) {
      plan = await explained(statements)
      throw new Explained()
    },
  }
  // A verb of one statement uses no other method of a database.
  const ctx = Object.assign(tenantContext(world), { db: db as unknown as Db, replica: db as unknown as Db })
  await work(ctx).catch((error: unknown) => {
    if (!(error instanceof Explained)) throw error
  })
  if (plan === null) throw new Error('The verb sent no query')
  return plan
}

/** The last of the statements is the one that matters; those before it prepare it. */
async function explained(statements: SQL[]): Promise<Plan> {
  const statement = statements.at(-1) ?? sql``
  const { sql: text, params } = dialect.sqlToQuery(statement)
  await client.query('begin')
  try {
    await client.query(`select set_config('app.tenant_id', '1', true)`)
    for (const earlier of statements.slice(0, -1).map((one) => dialect.sqlToQuery(one)))
      await client.query(earlier.sql, earlier.params)
    await client.query('savepoint before')
    await client.query(text, params)
    await client.query('rollback to before')
    const { rows } = await explain(client, statement)
    const root: Node = rows[0]['QUERY PLAN'][0].Plan
    const nodes = flatten(root)
    return {
      scannedWhole: nodes.flatMap((node) =>
        node['Node Type'] === 'Seq Scan' && node.Schema === 'ledger' ? (node['Relation Name'] ?? []) : [],
      ),
      indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
      pages: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    }
  } finally {
    await client.query('rollback')
  }
}

const flatten = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flatten)]

const bets = { userId: null, status: null, before: null, limit: 51 }
const payments = { ...bets, kind: null }
const account = { userId: 'u-0', currency: 'USD', from: null, to: null, after: null, limit: 50 }

describe('with fifteen thousand bets and payments, an index serves within few pages and without a table scan', () => {
  it.each<[string, string, number, (ctx: Ctx) => Promise<unknown>]>([
    ['a bet', 'bets_view_tenant_id_bet_id_pk', 8, (ctx) => readBet(ctx, 's-4000')],
    [
      'the events of a bet',
      'bet_events_tenant_id_aggregate_id_stream_version_pk',
      20,
      (ctx) => readHistory(ctx, { betId: 's-4000', after: 0, limit: 51 }),
    ],
    ['a list of bets', 'bets_view_tenant_id_bet_id_pk', 80, (ctx) => listBets(ctx, bets)],
    [
      'a user’s bets',
      'idx_bets_view_user',
      80,
      (ctx) => listBets(ctx, { ...bets, userId: 'u-0', before: 's-7' }),
    ],
    ['open bets', 'idx_bets_view_open', 80, (ctx) => listBets(ctx, { ...bets, status: 'accepted' })],
    [
      'requested payments',
      'idx_payments_view_open',
      80,
      (ctx) => listPayments(ctx, { ...payments, status: 'requested' }),
    ],
    [
      'accounts with money available',
      'idx_user_balances_view_available',
      600, // at most a dozen for each of 51 accounts, if Postgres looks them up one by one
      (ctx) => listFunded(ctx, { currency: 'USD', after: 'u-2', limit: 51 }),
    ],
    [
      'a late page of accounts with money available',
      'idx_user_balances_view_available',
      600,
      (ctx) => listFunded(ctx, { currency: 'USD', after: 'u-8', limit: 51 }),
    ],
    ['balances', 'user_balances_view_tenant_id_user_id_currency_pk', 20, (ctx) => readBalances(ctx, 'u-0')],
    [
      'balances at a time',
      'idx_balance_events_account',
      120,
      (ctx) => readBalancesAt(ctx, { userId: 'u-0', ts: '2100-01-01T00:00:00Z', basis: 'effective' }),
    ],
    ['a statement', 'idx_balance_events_account', 120, (ctx) => readStatement(ctx, account)],
    [
      'a page of the feed',
      'idx_bet_events_feed',
      200,
      (ctx) => readEvents(ctx, { after: middle, type: null, limit: 50 }),
    ],
    [
      'a page of one type',
      'idx_payment_events_feed',
      200,
      (ctx) => readEvents(ctx, { after: middle, type: 'V1_PAYMENTS_DEPOSIT_REQUESTED', limit: 50 }),
    ],
    ['the activity of a user', 'user_activity_view_key', 30, (ctx) => readActivity(ctx, 'u-0')],
    [
      'to place a bet',
      'user_balances_view_tenant_id_user_id_currency_pk',
      150,
      (ctx) => placeBet(ctx, { ...order, userId: 'u-0' }),
    ],
    [
      'to accept a bet',
      'bets_view_tenant_id_bet_id_pk',
      150,
      (ctx) => transitionBet(ctx, 's-400', { do: 'accept' }),
    ],
    [
      'to end a bet',
      'bets_view_tenant_id_bet_id_pk',
      150,
      (ctx) => transitionBet(ctx, 's-400', { do: 'settle', outcome: 'lost' }),
    ],
    [
      'to withdraw',
      'user_balances_view_tenant_id_user_id_currency_pk',
      150,
      (ctx) => requestPayment(ctx, 'withdrawal', { userId: 'u-0', currency: 'USD', amountMinor: 5 }),
    ],
    [
      'to charge back',
      'payments_view_tenant_id_payment_id_pk',
      150,
      (ctx) => transitionPayment(ctx, 's-4000', { do: 'charge-back' }),
    ],
  ])('%s', async (_what, index, pages, work) => {
    const plan = await planOf(work)
    expect(plan.indexes).toContain(index)
    expect(plan.scannedWhole).toEqual([])
    expect(plan.pages).toBeLessThan(pages)
  })
  it('and a query without an index is found by its page count', async () => {
    const nowhere = (ctx: Ctx) =>
      tenantScope(ctx).query(sent`select from ledger.balance_events where actor = 'nobody'`)
    expect((await planOf(nowhere)).pages).toBeGreaterThan(150)
  })
})
