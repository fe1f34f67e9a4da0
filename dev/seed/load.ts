import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { seedClicks } from './clicks/fill.ts'
import type { Commit } from './commit.ts'
import { seedFleet } from './fleet/fill.ts'
import { seedLedger } from './ledger/fill.ts'
import { seedSpace } from './space/fill.ts'

type Fill = (client: pg.Client, commit: Commit) => Promise<void>
type Seed = { firstTable: string; numberedBy?: string; fill: Fill }

/** How a module is filled. The sequence of `firstTable`, or `numberedBy`, shows whether the module was ever used. */
const seeds: Seed[] = [
  { firstTable: 'dispatch.stores', fill: fromFile('dispatch/fill.sql') },
  { firstTable: 'space.iss_fetch_log', fill: (client) => seedSpace(client) },
  { firstTable: 'fleet.greenhouses', fill: seedFleet },
  { firstTable: 'ledger.bet_events', numberedBy: 'ledger.event_seq', fill: (client) => seedLedger(client) },
  { firstTable: 'clicks.campaigns', fill: seedClicks },
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
  const { firstTable, fill } = seed
  await client.query('begin')
  // Of two starts at once on one database, the second sees the data of the first.
  await client.query(`lock table ${firstTable} in exclusive mode`)
  const untouched = await isUntouched(client, seed)
  if (untouched)
    await fill(client, async () => {
      await client.query('commit')
      await client.query('begin')
    })
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

function fromFile(file: string): Fill {
  return async (client) => {
    await client.query(readFileSync(join(import.meta.dirname, file), 'utf8'))
  }
}
