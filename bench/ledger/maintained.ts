import type pg from 'pg'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe } from '../method.ts'
import { givenImmediateView, givenResum, type Kept } from './baselines.ts'
import {
  clientAt,
  connectTenant,
  countOf,
  givenFundedUsers,
  givenHistory,
  insertPostings,
  mustBeSound,
  type Posting,
  settle,
} from './given.ts'

const clients = 8
const usersEach = 25
const each = 20
const users = clients * usersEach
/** Events of each user before a turn begins. */
const historyEach = 100
const longest = 200_000

export const besideResum = beside({ name: 'a re-sum for each row', given: givenResum })
export const besideImmediateView = beside({ name: 'immediate view as pg_ivm', given: givenImmediateView })

type Other = { name: string; given: (owner: pg.Pool) => Promise<Kept> }

/** Twenty events of one user after a hundred. Each caller has its own users: not every alternative survives races. */
function beside({ name, given }: Other): Measurement {
  return async (rig, pace) => {
    const database = await rig.database()
    const { owner } = database
    const kept = await given(owner)
    const connections = await connectTenant(database, clients)
    const appending = (table: string) => () =>
      closedLoop({
        clients,
        seconds: pace.seconds,
        operation: async (client) => {
          const userId = `u-${client * usersEach + Math.floor(Math.random() * usersEach)}`
          await insertPostings(
            clientAt(connections, client),
            table,
            Array.from({ length: each }, () => ({ userId, minor: 100 })),
          )
          return each
        },
      })
    await compare(
      {
        name: `ledger balances beside ${name}, ${each} events an append`,
        unit: 'events/s',
        database: owner,
        ours: {
          name: 'deltas of a statement',
          prepare: async () => {
            await givenFundedUsers(owner, users)
            await givenHistory(owner, { table: 'ledger.balance_events', events: users * historyEach, users })
            await settle(owner, 'ledger.balance_events, ledger.user_balances_view')
          },
          turn: appending('ledger.balance_events'),
          verify: ({ operations }) => mustBeSound(owner, operations + users * (historyEach + 1)),
        },
        baseline: {
          name,
          prepare: async () => {
            await owner.query(`truncate ${kept.events}, ${kept.balances}`)
            await givenHistory(owner, { table: kept.events, events: users * historyEach, users })
            await settle(owner, `${kept.events}, ${kept.balances}`)
          },
          turn: appending(kept.events),
          verify: async ({ operations }) => {
            mustBe(await countOf(owner, kept.events), operations + users * historyEach, 'the events')
            await mustBeFolded(owner, kept)
          },
        },
      },
      pace,
    )
  }
}

/** One more event of a user with two hundred thousand, compared with summing them anew. */
export const longHistory: Measurement = async (rig, pace) => {
  const database = await rig.database()
  const { owner } = database
  const resum = await givenResum(owner)
  await givenFundedUsers(owner, 1)
  await givenHistory(owner, { table: 'ledger.balance_events', events: longest, users: 1 })
  await owner.query(`alter table ${resum.events} disable trigger resum`)
  await givenHistory(owner, { table: resum.events, events: longest, users: 1 })
  await owner.query(`alter table ${resum.events} enable trigger resum`)
  await settle(owner, `ledger.balance_events, ${resum.events}`)
  const connections = await connectTenant(database, 1)
  const one: Posting[] = [{ userId: 'u-0', minor: 100 }]

  const contender = (name: string, table: string, sound: (events: number) => Promise<void>): Contender => {
    let before = 0
    return {
      name,
      prepare: async () => {
        before = await countOf(owner, table)
      },
      turn: () =>
        closedLoop({
          clients: 1,
          seconds: pace.seconds,
          operation: async () => (await insertPostings(clientAt(connections, 0), table, one), 1),
        }),
      verify: ({ operations }) => sound(before + operations),
    }
  }
  await compare(
    {
      name: 'ledger one event of a user with 200 000',
      unit: 'events/s',
      database: owner,
      ours: contender('delta', 'ledger.balance_events', (events) => mustBeSound(owner, events)),
      baseline: contender('re-sum', resum.events, async (events) => {
        mustBe(await countOf(owner, resum.events), events, 'the events')
        await mustBeFolded(owner, resum)
      }),
    },
    pace,
  )
}

async function mustBeFolded(owner: pg.Pool, { events, balances }: Kept): Promise<void> {
  const { rows } = await owner.query(`
select user_id, folded.balance, kept.balance_minor
from (select user_id, sum(balance_delta) as balance from ${events} group by user_id) folded
full join ${balances} kept using (user_id)
where folded.balance is distinct from kept.balance_minor
limit 3`)
  mustBe(rows, [], 'the accounts that differ from the fold of their events')
}
