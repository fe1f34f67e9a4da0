import pg from 'pg'
import { expect, it } from 'vitest'
import { startNeonProxy } from '../../../dev/neon-proxy/server.ts'
import { makeContext } from '../../../functions/core/context.ts'
import { named } from '../../../functions/core/named.ts'
import { recordQueries } from '../../../functions/core/record-queries.ts'
import { atTheEnd } from '../../support/at-the-end.ts'
import { bindingsOf } from '../../support/bindings.ts'
import { freshCluster } from '../../support/cluster.ts'
import { soon } from '../../support/soon.ts'

// A restart belongs to a whole server, so this file has one of its own.
const cluster = await freshCluster()
const { ownerUrl, workerUrl } = cluster
const proxy = await startNeonProxy({ databaseUrl: workerUrl })
atTheEnd(() => proxy.close())

const ctx = () => makeContext(bindingsOf({ workerUrl }, proxy), { waitUntil: () => undefined })
let sold = 0

async function sell(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await ctx().db.query(named('shop.sell')`select 1 as sold`)
    sold += 1
  }
}

async function asOwner(statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

/** A reading, although the last one is not five minutes ago, and the calls that all readings add up to. */
async function callsRead() {
  await asOwner(`update core.query_reads set read_at = now() - interval '1 hour'`)
  await ctx().db.query(recordQueries())
  const [row] = await asOwner(
    `select sum(calls)::int as calls, sum(resets)::int as resets from core.query_stats where name = 'shop.sell'`,
  )
  return row
}

const untilBack = () =>
  expect
    .poll(
      () =>
        ctx()
          .db.query(named('shop.wake')`select now()`)
          .then(
            () => true,
            () => false,
          ),
      soon,
    )
    .toBe(true)

it('the calls of a statement equal a recount over a restart of Postgres, and over a crash that loses its counters', async () => {
  await sell(3)
  expect(await callsRead()).toEqual({ calls: sold, resets: 0 })
  await sell(2)
  // Postgres keeps the counters over a restart, also those that were not read yet.
  await cluster.restart()
  await untilBack()
  await sell(4)
  expect(await callsRead()).toEqual({ calls: sold, resets: 0 })
  await cluster.kill()
  await cluster.start()
  await untilBack()
  // More calls than before the crash, so no number is smaller.
  await sell(12)
  expect(await callsRead()).toEqual({ calls: sold, resets: 1 })
})
