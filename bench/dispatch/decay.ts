import { sql } from 'drizzle-orm'
import { claimNextOrder } from '../../functions/dispatch/assignments/claim-next.ts'
import { contextOver } from '../context-over.ts'
import type { Measurement } from '../measurement.ts'
import { type Contender, closedLoop, compare, mustBe, rate, type Turn } from '../method.ts'
import { statement } from '../prepared.ts'
import { givenOrders } from './given.ts'

const clients = 8
const couriers = clients * 50
const windows = 5
const windowSeconds = 3

/**
 * Claims the next order repeatedly while another transaction stays open. Postgres can then remove no dead rows, and the
 * head of the queue's index fills with dead entries. The result compares the rate of the last three seconds with the first.
 */
export const decay: Measurement = async (rig, pace) => {
  const { owner, connect } = await rig.database()
  const connections = await connect(clients)
  // A connection of the owner: the Worker's role has a shorter timeout for idle transactions.
  const pin = await owner.connect()
  const naive = statement(
    (courier) => sql`
update dispatch.orders
set status = 'assigned', courier_id = ${courier}, assigned_at = now(),
  lease_expires_at = now() + interval '120 s', fence = fence + 1, version = version + 1
where id = (
  select id from dispatch.orders
  where status = 'new' and courier_id is null
  order by id
  limit 1
  for update skip locked
)
returning id`,
    'naive',
  )
  let rates: number[] = []

  function contender(name: string, claim: (client: number, courier: number) => Promise<boolean>): Contender {
    return {
      name,
      async prepare() {
        await givenOrders(owner, { orders: 120_000, couriers })
        await pin.query('begin isolation level repeatable read')
        await pin.query('select count(*) from dispatch.orders')
        rates = []
      },
      async turn() {
        const all: Turn = { operations: 0, seconds: 0, latenciesMs: [] }
        for (let window = 0; window < windows; window++) {
          const turn = await closedLoop({
            clients,
            seconds: windowSeconds,
            operation: async (client, n) => ((await claim(client, (n % couriers) + 1)) ? 1 : null),
          })
          rates.push(rate(turn))
          all.operations += turn.operations
          all.seconds += turn.seconds
          all.latenciesMs.push(...turn.latenciesMs)
        }
        return all
      },
      async verify({ operations }) {
        await pin.query('rollback')
        console.log(`  ${name}: ${rates.map(Math.round).join(' ')} claims/s, window by window`)
        const { rows } = await owner.query(`
          select count(*)::int as taken, coalesce(max(fence), 0)::int as fence
          from dispatch.orders
          where status = 'assigned'`)
        mustBe(rows[0], { taken: operations, fence: 1 }, `what ${name} left`)
      },
    }
  }

  await compare(
    {
      name: 'dispatch claim-next after 15 s beside an open transaction',
      unit: 'last window / first window',
      database: owner,
      value: () => (rates.at(-1) ?? Number.NaN) / (rates[0] ?? Number.NaN),
      ours: contender('claim-next', async (client, courierId) => {
        const connection = connections[client]
        if (connection === undefined) return false
        const principal = { role: 'courier', sub: String(courierId), id: courierId } as const
        const next = await claimNextOrder(contextOver(connection, principal), { courierId })
        return next.ok && next.order !== null
      }),
      baseline: contender('skip locked limit 1 from the head', async (client, courier) => {
        const connection = connections[client]
        return connection !== undefined && (await naive(connection, courier)).length === 1
      }),
    },
    // A turn takes fifteen seconds, so two rounds suffice.
    { ...pace, rounds: Math.min(pace.rounds, 2) },
  )
  pin.release()
}
