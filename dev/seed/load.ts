import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Commit } from './commit.ts'

type Fill = (client: pg.Client, commit: Commit) => Promise<void>
type Seed = { firstTable: string; numberedBy?: string; load: () => Promise<{ fill: Fill }> }

/**
 * How a module is filled. The sequence of `firstTable`, or `numberedBy`, shows whether the module was ever used. The code is
 * loaded when it fills, because most starts fill nothing.
 */
const seeds: Seed[] = [
  { firstTable: 'dispatch.stores', load: fromFile('dispatch/fill.sql') },
  { firstTable: 'space.iss_fetch_log', load: () => import('./space/fill.ts') },
  { firstTable: 'fleet.greenhouses', load: () => import('./fleet/fill.ts') },
  { firstTable: 'ledger.bet_events', numberedBy: 'ledger.event_seq', load: () => import('./ledger/fill.ts') },
  { firstTable: 'clicks.campaigns', load: () => import('./clicks/fill.ts') },
]

/** Loads the demo data of each module whose tables never had a row. Returns whether there was one. */
export async function loadDemoData(ownerUrl: string): Promise<boolean> {
  const loaded = await Promise.all(seeds.map((seed) => onOwnConnection(ownerUrl, seed)))
  return loaded.includes(true)
}

/** The modules share no table, so that they are filled side by side. */
async function onOwnConnection(connectionString: string, seed: Seed): Promise<boolean> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await load(client, seed)
  } finally {
    await client.end()
  }
}

async function load(client: pg.Client, seed: Seed): Promise<boolean> {
  const { firstTable } = seed
  await client.query('begin')
  // Of two starts at once on one database, the second sees the data of the first.
  await client.query(`lock table ${firstTable} in exclusive mode`)
  const untouched = await isUntouched(client, seed)
  if (untouched) {
    const { fill } = await seed.load()
    await fill(client, async () => {
      await client.query('commit')
      await client.query('begin')
    })
  }
  await client.query('commit')
  return untouched
}

// Rows are not counted: a user who deleted all of them does not want the demo data back.
async function isUntouched(client: pg.Client, { firstTable, numberedBy }: Seed): Promise<boolean> {
  const { rows } = await client.query<{ untouched: boolean }>(
    `select pg_sequence_last_value(coalesce($2, pg_get_serial_sequence($1, 'id'))::regclass) is null as untouched`,
    [firstTable, numberedBy],
  )
  return rows[0]?.untouched === true
}

function fromFile(file: string): Seed['load'] {
  return async () => ({
    fill: async (client) => void (await client.query(readFileSync(join(import.meta.dirname, file), 'utf8'))),
  })
}
