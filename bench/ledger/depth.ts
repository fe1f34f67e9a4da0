import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare } from '../method.ts'
import type { Rig } from '../rig.ts'
import {
  clientAt,
  connectTenant,
  countOf,
  drawPostings,
  givenFundedUsers,
  givenHistory,
  insertPostings,
  mustBeSound,
  settle,
} from './given.ts'

const users = 1_000
const clients = 8

/** One event at a time after a million events, compared with after a thousand. */
export const depth: Measurement = async (rig, pace) => {
  const deep = await given(rig, 1_000_000)
  const shallow = await given(rig, 1_000)
  const contender = ({ owner, connections, books }: Given, name: string): Contender => {
    let before = 0
    return {
      name,
      async prepare() {
        await books()
        before = await countOf(owner, 'ledger.balance_events')
      },
      turn: () =>
        closedLoop({
          clients,
          seconds: pace.seconds,
          operation: async (client) => {
            await insertPostings(
              clientAt(connections, client),
              'ledger.balance_events',
              drawPostings(1, users),
            )
            return 1
          },
        }),
      verify: ({ operations }) => mustBeSound(owner, before + operations),
    }
  }
  await compare(
    {
      name: 'ledger one event after 1 000 000, beside after 1 000',
      unit: 'events/s',
      database: deep.owner,
      ours: contender(deep, 'a million before it'),
      baseline: contender(shallow, 'a thousand before it'),
    },
    pace,
  )
}

type Given = Awaited<ReturnType<typeof given>>

async function given(rig: Rig, events: number) {
  const database = await rig.database()
  const { owner } = database
  await givenFundedUsers(owner, users)
  await givenHistory(owner, { table: 'ledger.balance_events', events: events - users, users })
  return {
    owner,
    connections: await connectTenant(database, clients),
    books: () => settle(owner, 'ledger.balance_events, ledger.user_balances_view'),
  }
}
