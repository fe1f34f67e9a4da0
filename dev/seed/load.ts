import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'

/** One file a module, and the table whose ids tell whether the module was ever used. */
const seeds = [{ file: 'dispatch.sql', firstTable: 'dispatch.stores' }]

/** Loads the demo data of each module whose tables have never held anything; true if there was one. */
export async function loadDemoData(ownerUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    let loaded = false
    for (const seed of seeds) loaded = (await load(client, seed)) || loaded
    return loaded
  } finally {
    await client.end()
  }
}

async function load(client: pg.Client, { file, firstTable }: (typeof seeds)[number]): Promise<boolean> {
  await client.query('begin')
  // Of two that start at once on one database, the second sees what the first loaded.
  await client.query(`lock table ${firstTable} in exclusive mode`)
  const untouched = await isUntouched(client, firstTable)
  if (untouched) await client.query(readFileSync(join(import.meta.dirname, file), 'utf8'))
  await client.query('commit')
  return untouched
}

// Not by looking for rows: who deleted all of them does not want ours back.
async function isUntouched(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ untouched: boolean }>(
    `select pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass) is null as untouched`,
    [table],
  )
  return rows[0]?.untouched === true
}
