import { sql } from '@event-driven-io/dumbo'
import { type Event, projections } from '@event-driven-io/emmett'
import { getPostgreSQLEventStore, postgreSQLRawSQLProjection } from '@event-driven-io/emmett-postgresql'
import { appendEvents } from '../../functions/ledger/journal/append.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { closedLoop, compare, mustBe } from '../method.ts'
import { clientAt, connectTenant, countOf, givenFundedUsers, mustBeSound, tenant } from './given.ts'

const clients = 8
const usersEach = 25
const each = 20

type Posted = Event<'Credited' | 'Debited', { userId: string; currency: string; amountMinor: number }>

/** The balance of an account in plain SQL in the transaction of its events, as Emmett documents it. */
const balances = postgreSQLRawSQLProjection<Posted>({
  name: 'balances',
  canHandle: ['Credited', 'Debited'],
  init: () =>
    sql(`create table if not exists balances (
      user_id text, currency text, balance_minor bigint not null check (balance_minor >= 0),
      primary key (user_id, currency)
    )`),
  evolve: ({ type, data: { userId, currency, amountMinor } }) =>
    sql(
      `insert into balances values (%L, %L, %s)
      on conflict (user_id, currency) do update set balance_minor = balances.balance_minor + excluded.balance_minor`,
      userId,
      currency,
      type === 'Credited' ? amountMinor : -amountMinor,
    ),
})

/** Each append adds twenty events and updates the balance of one user; each caller has its own users. */
export const besideEmmett: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const connections = await connectTenant(database, clients)
  const theirs = await rig.database()
  const store = getPostgreSQLEventStore(theirs.ownerUrl, { projections: projections.inline([balances]) })
  await store.schema.migrate()
  const appending = (append: (client: number, userId: string) => Promise<void>) => () =>
    closedLoop({
      clients,
      seconds: pace.seconds,
      operation: async (client, n) => {
        await append(client, `u-${client * usersEach + (n % usersEach)}`)
        return each
      },
    })
  try {
    await compare(
      {
        name: `ledger append beside Emmett, ${each} events an append`,
        unit: 'events/s',
        database: owner,
        ours: {
          name: 'POST /events, without HTTP',
          prepare: () => givenFundedUsers(owner, clients * usersEach),
          turn: appending(async (client, userId) => {
            const ctx = contextOver(clientAt(connections, client), tenant, { plannedOnce: true })
            const { ok } = await appendEvents(
              ctx,
              Array.from({ length: each }, () => ({
                aggregateId: `account-${userId}`,
                type: 'V1_BALANCES_BALANCE_CREDITED',
                data: { userId, currency: 'USD', amountMinor: 100 },
              })),
            )
            mustBe(ok, true, 'what was appended')
          }),
          verify: ({ operations }) => mustBeSound(owner, operations + clients * usersEach),
        },
        baseline: {
          name: 'appendToStream, inline projection',
          prepare: async () => {
            await theirs.owner.query('truncate emt_streams, emt_messages, balances')
            await theirs.owner.query('vacuum analyze')
            await theirs.owner.query('checkpoint')
          },
          turn: appending(async (_client, userId) => {
            const event: Posted = {
              type: 'Credited',
              data: { userId, currency: 'USD', amountMinor: 100 },
            }
            await store.appendToStream<Posted>(
              `account-${userId}`,
              Array.from({ length: each }, () => event),
            )
          }),
          verify: async ({ operations }) => {
            mustBe(await countOf(theirs.owner, 'emt_messages'), operations, 'the messages')
            const { rows } = await theirs.owner.query('select sum(balance_minor)::int as minor from balances')
            mustBe(rows[0], { minor: operations * 100 }, 'the balances')
          },
        },
      },
      pace,
    )
  } finally {
    await store.close()
  }
}
