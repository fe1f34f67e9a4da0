import { appendEvents } from '../../functions/ledger/journal/append.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import {
  bareInsert,
  clientAt,
  connectTenant,
  drawPostings,
  givenBareEvents,
  givenFundedUsers,
  insertPostings,
  mustBeSound,
  tenant,
} from './given.ts'

const users = 1_000

type Load = { name: string; each: number; clients: number; count?: number }

export const appendThousand = appending({ name: 'batches of 1 000', each: 1_000, clients: 1, count: 50 })
export const appendHundred = appending({ name: 'batches of 100', each: 100, clients: 1, count: 200 })
export const appendSingle = appending({ name: 'one by one, 8 callers', each: 1, clients: 8 })

/** Inserts the same events into the ledger and into an equal table without views. */
function appending({ name, each, clients, count }: Load): Measurement {
  return async (rig, { rounds, seconds }) => {
    const database = await rig.database()
    const { owner } = database
    const bare = await givenBareEvents(owner, 'bare_events')
    const connections = await connectTenant(database, clients)
    const pace = count === undefined ? { clients, seconds } : { clients, seconds: 60, count }
    const inserting = (table: string) => () =>
      closedLoop({
        ...pace,
        operation: async (client) => {
          await insertPostings(clientAt(connections, client), table, drawPostings(each, users))
          return each
        },
      })
    const verb: Contender = {
      name: 'the verb, with keys and versions',
      prepare: () => givenFundedUsers(owner, users),
      turn: () =>
        closedLoop({
          ...pace,
          operation: async (client) => {
            const ctx = contextOver(clientAt(connections, client), tenant, { plannedOnce: true })
            const { ok } = await appendEvents(ctx, drawPostings(each, users).map(incoming))
            mustBe(ok, true, 'what was appended')
            return each
          },
        }),
      verify: ({ operations }) => mustBeSound(owner, operations + users),
    }
    await compare(
      {
        name: `ledger append with projections, ${name}`,
        unit: 'events/s',
        database: owner,
        ours: {
          name: 'insert, with balances',
          prepare: () => givenFundedUsers(owner, users),
          turn: inserting('ledger.balance_events'),
          verify: ({ operations }) => mustBeSound(owner, operations + users),
        },
        baseline: bareInsert(owner, bare, inserting(bare)),
        others: [verb],
      },
      { rounds, seconds },
    )
  }
}

function incoming({ userId, minor }: { userId: string; minor: number }) {
  return {
    aggregateId: crypto.randomUUID(),
    type: minor > 0 ? ('V1_BALANCES_BALANCE_CREDITED' as const) : ('V1_BALANCES_BALANCE_DEBITED' as const),
    data: { userId, currency: 'USD', amountMinor: Math.abs(minor) },
    idempotencyKey: crypto.randomUUID(),
  }
}
