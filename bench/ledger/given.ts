import type pg from 'pg'
import { type Rules, rulesOf } from '../../schema/kit/rules.ts'
import { balanceEventRules } from '../../schema/ledger/rules.ts'
import { type Contender, mustBe } from '../method.ts'
import type { BenchDatabase } from '../rig.ts'

/** The change of one account by one event: a positive amount is a credit, a negative one a debit. */
export type Posting = { userId: string; minor: number }

export const tenant = { role: 'tenant', sub: 'bench', tenantId: 1 } as const

export const funding = 1_000_000_000

/** Connections of the Worker's role for tenant 1. The Worker sets the tenant per batch, the benchmark once. */
export async function connectTenant({ connect }: BenchDatabase, count: number): Promise<pg.Client[]> {
  const clients = await connect(count)
  await Promise.all(clients.map((client) => client.query(`set app.tenant_id = '1'`)))
  return clients
}

export function clientAt(clients: readonly pg.Client[], at: number): pg.Client {
  const client = clients[at]
  if (client === undefined) throw new Error('There are fewer connections than callers')
  return client
}

/** A table like the ledger's events, with its columns, checks, indexes and policies, but without triggers. */
export async function givenBareEvents(owner: pg.Pool, name: string): Promise<string> {
  const table = `bench.${name}`
  await owner.query(`
create schema if not exists bench;
grant usage on schema bench to lockstep_app`)
  await createLike(owner, table, { of: 'ledger.balance_events', rules: balanceEventRules })
  await owner.query(`
alter table ${table} enable row level security, force row level security;
create policy of_tenant on ${table} to lockstep_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
grant select, insert on ${table} to lockstep_app`)
  return table
}

/** A table with the columns, indexes and rules of another. The constraint of its rules takes a row of the table itself. */
export async function createLike(
  owner: pg.Pool,
  table: string,
  { of, rules, storage = '' }: { of: string; rules: Rules; storage?: string },
): Promise<void> {
  await owner.query(`create table ${table} (like ${of} including all excluding constraints) ${storage}`)
  for (const { create } of rulesOf(table, rules)) await owner.query(create)
}

/** The same insert into such a table: the cost without balances. */
export function bareInsert(owner: pg.Pool, table: string, turn: Contender['turn']): Contender {
  return {
    name: 'bare insert',
    async prepare() {
      await owner.query(`truncate ${table}`)
      await settle(owner, table)
    },
    turn,
    verify: async ({ operations }) => mustBe(await countOf(owner, table), operations, 'the bare events'),
  }
}

/** Empties the ledger and funds users u-0, u-1, …; only the ledger's own tables hold their money. */
export async function givenFundedUsers(owner: pg.Pool, users: number): Promise<void> {
  await owner.query(`
truncate ledger.bet_events, ledger.payment_events, ledger.balance_events, ledger.system_events,
  ledger.bets_view, ledger.payments_view, ledger.user_balances_view, ledger.balance_deltas,
  core.outbox, core.idempotency_keys`)
  await owner.query(
    `insert into ledger.balance_events (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
    select 1, 'funding-' || n, 1, 'V1_BALANCES_BALANCE_CREDITED',
      jsonb_build_object('userId', 'u-' || n, 'currency', 'USD', 'amountMinor', ${funding}), 'bench'
    from generate_series(0, $1::int - 1) n`,
    [users],
  )
  await settle(owner, 'ledger.balance_events, ledger.user_balances_view')
}

/** Vacuums and analyzes, so that a turn pays only for its own work. */
export async function settle(owner: pg.Pool, tables: string): Promise<void> {
  await owner.query(`vacuum analyze ${tables}`)
  await owner.query('checkpoint')
}

/** Inserts all postings in one statement, each as a stream of its own, as payments and transfers are. */
export async function insertPostings(
  client: pg.ClientBase,
  table: string,
  postings: readonly Posting[],
): Promise<void> {
  await client.query({
    name: `insert into ${table}`,
    text: `
insert into ${table} (tenant_id, aggregate_id, stream_version, event_type, event_data, idempotency_key, actor)
select 1, uuidv7()::text, 1,
  case when minor > 0 then 'V1_BALANCES_BALANCE_CREDITED' else 'V1_BALANCES_BALANCE_DEBITED' end,
  jsonb_build_object('userId', user_id, 'currency', 'USD', 'amountMinor', abs(minor)),
  gen_random_uuid()::text, 'bench'
from unnest($1::text[], $2::bigint[]) posting (user_id, minor)`,
    values: [postings.map(({ userId }) => userId), postings.map(({ minor }) => minor)],
  })
}

/** Postings to random users, every fourth a debit. */
export function drawPostings(count: number, users: number): Posting[] {
  return Array.from({ length: count }, (_, n) => ({
    userId: `u-${Math.floor(Math.random() * users)}`,
    minor: n % 4 === 3 ? -10 : 100,
  }))
}

export async function countOf(owner: pg.Pool, table: string): Promise<number> {
  const { rows } = await owner.query<{ n: number }>(`select count(*)::int as n from ${table}`)
  return rows[0]?.n ?? Number.NaN
}

/** Checks the number of events, and that each account equals the fold of its events. */
export async function mustBeSound(owner: pg.Pool, events: number): Promise<void> {
  mustBe(await countOf(owner, 'ledger.balance_events'), events, 'the events')
  const { rows } = await owner.query('select * from ledger.verify_user_balances_view(1, null) limit 3')
  mustBe(rows, [], 'the accounts that differ from the fold of their events')
}

/** Inserts earlier credits, distributed evenly over the users. */
export async function givenHistory(
  owner: pg.Pool,
  { table, events, users }: { table: string; events: number; users: number },
): Promise<void> {
  for (let from = 0; from < events; from += 100_000)
    await owner.query(
      `insert into ${table} (tenant_id, aggregate_id, stream_version, event_type, event_data, actor)
      select 1, uuidv7()::text, 1, 'V1_BALANCES_BALANCE_CREDITED',
        jsonb_build_object('userId', 'u-' || n % $1, 'currency', 'USD', 'amountMinor', 100), 'bench'
      from generate_series($2::int, $3::int - 1) n`,
      [users, from, Math.min(events, from + 100_000)],
    )
}
