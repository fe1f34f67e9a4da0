import pg from 'pg'
import { placeBet } from '../../functions/ledger/bets/place.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { givenRowDelta, type Kept } from './baselines.ts'
import {
  bareInsert,
  clientAt,
  connectTenant,
  countOf,
  drawPostings,
  funding,
  givenBareEvents,
  givenFundedUsers,
  insertPostings,
  mustBeSound,
  settle,
  tenant,
} from './given.ts'

const clients = 8
const users = 200

/** Eight callers credit one user, one event at a time, compared with the same inserts without a balance. */
export const hotCredits: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const bare = await givenBareEvents(owner, 'bare_events')
  const row = await givenRowDelta(owner)
  const connections = await connectTenant(database, clients)
  const crediting = (table: string) => () =>
    closedLoop({
      clients,
      seconds: pace.seconds,
      operation: async (client) => {
        await insertPostings(clientAt(connections, client), table, [{ userId: 'u-0', minor: 100 }])
        return 1
      },
    })
  await compare(
    {
      name: 'ledger credits of one hot user, 8 callers',
      unit: 'credits/s',
      database: owner,
      ours: {
        name: 'added to the row, or queued beside it',
        prepare: () => givenFundedUsers(owner, 1),
        turn: crediting('ledger.balance_events'),
        verify: ({ operations }) => mustBeSound(owner, operations + 1),
      },
      baseline: bareInsert(owner, bare, crediting(bare)),
      others: [
        {
          name: 'one row that every caller locks',
          prepare: () => givenRows(owner, row, 1),
          turn: crediting(row.events),
          verify: async ({ operations }) => {
            const { rows } = await owner.query(`select balance_minor::int as minor from ${row.balances}`)
            mustBe(rows, [{ minor: funding + operations * 100 }], 'the balance')
          },
        },
      ],
    },
    pace,
  )
}

/** Commands that need available money: of one user, so each waits for the previous one, or of many users. */
export const hotBets: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const connections = await connectTenant(database, clients)
  const contender = (name: string, crowd: number): Contender => ({
    name,
    prepare: () => givenFundedUsers(owner, crowd),
    turn: () =>
      closedLoop({
        clients,
        seconds: pace.seconds,
        operation: async (client) => {
          const ctx = contextOver(clientAt(connections, client), tenant, { plannedOnce: true })
          const userId = `u-${Math.floor(Math.random() * crowd)}`
          const bet = { userId, stakeMinor: 10, currency: 'USD', odds: '2.50', selection: 'home' }
          mustBe((await placeBet(ctx, bet)).ok, true, 'that the bet was placed')
          return 1
        },
      }),
    async verify({ operations }) {
      await mustBeSound(owner, operations + crowd)
      const { rows } = await owner.query('select sum(reserved_minor)::int as minor from ledger.user_balances')
      mustBe(rows[0], { minor: operations * 10 }, 'what is reserved')
    },
  })
  await compare(
    {
      name: 'ledger bets of one hot user, 8 callers',
      unit: 'bets/s',
      database: owner,
      ours: contender('all of one user', 1),
      baseline: contender(`of ${users} users`, users),
    },
    pace,
  )
}

/** Batches with users in random order, from eight callers: locking rows in batch order deadlocks. */
export const deadlocks: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const row = await givenRowDelta(owner)
  const connections = await connectTenant(database, clients)
  const lost = new Map<string, number>()
  const appending = (table: string) => () =>
    closedLoop({
      clients,
      seconds: pace.seconds,
      operation: async (client) => {
        try {
          await insertPostings(clientAt(connections, client), table, drawPostings(50, users))
          return 50
        } catch (error) {
          if (!(error instanceof pg.DatabaseError) || error.code === undefined) throw error
          const of = `${table} ${error.code}`
          lost.set(of, (lost.get(of) ?? 0) + 1)
          return 0
        }
      },
    })
  const lostOf = (table: string) => [...lost].filter(([key]) => key.startsWith(`${table} `))
  await compare(
    {
      name: 'ledger batches of 50 random users of 200, 8 callers',
      unit: 'events/s',
      database: owner,
      ours: {
        name: 'sorted by the statement',
        prepare: () => givenFundedUsers(owner, users),
        turn: appending('ledger.balance_events'),
        async verify({ operations }) {
          mustBe(lostOf('ledger.balance_events'), [], 'the batches lost')
          await mustBeSound(owner, operations + users)
        },
      },
      baseline: {
        name: 'row by row in batch order',
        prepare: () => givenRows(owner, row, users),
        turn: appending(row.events),
        async verify({ operations }) {
          mustBe(await countOf(owner, row.events), operations, 'the events')
          console.log(
            '  row by row, batches lost so far by SQLSTATE:',
            Object.fromEntries(lostOf(row.events)),
          )
        },
      },
    },
    pace,
  )
}

async function givenRows(owner: pg.Pool, { events, balances }: Kept, count: number): Promise<void> {
  await owner.query(`truncate ${events}, ${balances}`)
  await owner.query(
    `insert into ${balances} (tenant_id, user_id, currency, balance_minor)
    select 1, 'u-' || n, 'USD', $1 from generate_series(0, $2::int - 1) n`,
    [funding, count],
  )
  await settle(owner, `${events}, ${balances}`)
}
