import { once } from 'node:events'
import { type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { startNeonProxy } from '../../dev/neon-proxy/server.ts'
import { makeDb } from '../../functions/core/db.ts'
import { makeMetrics } from '../../functions/core/metrics.ts'
import { upsertOf } from '../../functions/core/upsert.ts'
import { osdrItems } from '../../schema/space/tables.ts'
import { type Contender, closedLoop, compare, mustBe, type Pace, type Turn } from '../method.ts'
import type { Rig } from '../rig.ts'

type Dataset = typeof osdrItems.$inferInsert

const batch = 1_000
const batches = 10
const dialect = new PgDialect()
const options = { key: ['datasetId'], compare: ['contentHash'], touch: 'updatedAt' } as const

/** A thousand new datasets in one statement, compared with `copy` of the same rows into the same table with triggers and indexes. */
export async function upsertBesideCopy(rig: Rig, pace: Pace): Promise<void> {
  const { database, client } = await arranged(rig)
  await compare(
    {
      name: 'space upsert of 1 000 beside copy',
      unit: 'rows/s',
      database,
      ours: upserting(database, client),
      baseline: {
        name: 'copy',
        prepare: () => emptied(database),
        turn: () => inBatches(batches, (at) => copy(client, rowsOf(at))),
        verify: (turn) => holds(database, turn.operations),
      },
    },
    pace,
  )
}

/** The same through the driver of the Worker, compared with one upsert per row, each in its own round trip and transaction. */
export async function upsertBesideSingle(rig: Rig, pace: Pace): Promise<void> {
  const made = await rig.database()
  const proxy = await startNeonProxy({ databaseUrl: made.ownerUrl })
  const db = makeDb(made.workerUrl, makeMetrics(), { proxy: proxy.address })
  const write = (rows: Dataset[]) => db.batch(upsertOf(osdrItems, rows, options))
  const upserts = (name: string, count: number, each: number): Contender => ({
    name,
    prepare: () => emptied(made.owner),
    turn: () =>
      closedLoop({
        clients: 1,
        seconds: 60,
        count,
        operation: async (_, n) => {
          await write(Array.from({ length: each }, (_row, at) => datasetOf(n * each + at)))
          return each
        },
      }),
    verify: (turn) => holds(made.owner, turn.operations),
  })
  try {
    await compare(
      {
        name: 'space upsert of 1 000 beside one by one',
        unit: 'rows/s',
        database: made.owner,
        ours: upserts('one statement a batch', batches, batch),
        baseline: upserts('one statement a row', 500, 1),
      },
      pace,
    )
  } finally {
    await proxy.close()
  }
}

/** A thousand unchanged rows, compared with a plain upsert that writes all of them again. */
export async function upsertUnchanged(rig: Rig, pace: Pace): Promise<void> {
  const { database, client } = await arranged(rig)
  const rows = rowsOf(0)
  await put(client, rows)
  const versions = async () =>
    (
      await database.query(
        'select md5(string_agg(xmin::text || ctid::text, $1 order by dataset_id)) as all from space.osdr_items',
        [','],
      )
    ).rows[0].all
  let before: unknown
  const again =
    'insert into space.osdr_items (dataset_id, title, assay_types, raw, content_hash) select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::text[]) on conflict (dataset_id) do update set title = excluded.title, raw = excluded.raw, content_hash = excluded.content_hash'
  const columns = [
    rows.map((row) => row.datasetId),
    rows.map((row) => row.title),
    rows.map((row) => JSON.stringify(row.assayTypes)),
    rows.map((row) => JSON.stringify(row.raw)),
    rows.map((row) => row.contentHash),
  ]
  await compare(
    {
      name: 'space upsert of 1 000 unchanged',
      unit: 'rows/s',
      database,
      ours: {
        name: 'writes no unchanged row',
        prepare: async () => {
          before = await versions()
        },
        turn: () => inBatches(batches, () => put(client, rows)),
        verify: async () => mustBe(await versions(), before, 'the versions of the rows'),
      },
      baseline: {
        name: 'writes all',
        turn: () => inBatches(batches, () => client.query({ name: 'again', text: again, values: columns })),
        verify: () => holds(database, batch),
      },
    },
    pace,
  )
}

function upserting(database: pg.Pool, client: pg.Client): Contender {
  return {
    name: 'one statement a batch',
    prepare: () => emptied(database),
    turn: () => inBatches(batches, (at) => put(client, rowsOf(at))),
    verify: (turn) => holds(database, turn.operations),
  }
}

async function arranged(rig: Rig): Promise<{ database: pg.Pool; client: pg.Client }> {
  const { owner, connect } = await rig.database()
  const [client] = await connect(1)
  if (!client) throw new Error('no connection')
  return { database: owner, client }
}

async function inBatches(count: number, one: (at: number) => Promise<unknown>): Promise<Turn> {
  const latenciesMs: number[] = []
  const begun = performance.now()
  for (let at = 0; at < count; at += 1) {
    const from = performance.now()
    await one(at)
    latenciesMs.push(performance.now() - from)
  }
  return { operations: count * batch, seconds: (performance.now() - begun) / 1000, latenciesMs }
}

async function put(client: pg.Client, rows: Dataset[]): Promise<void> {
  const statements = upsertOf(osdrItems, rows, options)
  mustBe(statements.length, 1, 'the statements of a batch')
  for (const statement of statements) await run(client, statement)
}

async function run(client: pg.Client, statement: SQL): Promise<void> {
  const { sql: text, params } = dialect.sqlToQuery(statement)
  await client.query({ name: 'upsert', text, values: params })
}

async function copy(client: pg.Client, rows: Dataset[]): Promise<void> {
  const stream = client.query(
    copyFrom(
      'copy space.osdr_items (dataset_id, title, description, organism, assay_types, raw, content_hash) from stdin',
    ),
  )
  const line = (row: Dataset) =>
    [
      row.datasetId,
      row.title,
      row.description,
      row.organism,
      JSON.stringify(row.assayTypes),
      JSON.stringify(row.raw),
      row.contentHash,
    ].join('\t')
  stream.end(`${rows.map(line).join('\n')}\n`)
  await once(stream, 'finish')
}

async function emptied(database: pg.Pool): Promise<void> {
  await database.query('truncate space.osdr_items, space.osdr_changes restart identity')
  await database.query('checkpoint')
}

async function holds(database: pg.Pool, rows: number): Promise<void> {
  const {
    rows: [found],
  } = await database.query(
    'select count(*)::int as n, count(distinct content_hash)::int as hashes from space.osdr_items',
  )
  mustBe(found, { n: rows, hashes: rows }, 'the catalogue')
}

function rowsOf(at: number): Dataset[] {
  return Array.from({ length: batch }, (_, n) => datasetOf(at * batch + n))
}

function datasetOf(n: number): Dataset {
  const title = `Effects of spaceflight on tissue ${n % 97} of organism ${n % 31}`
  return {
    datasetId: `OSD-${n}`,
    title,
    description: `Profiled after spaceflight beside ground controls. Series ${n}, of which this is the description.`,
    organism: 'Mus musculus',
    assayTypes: ['RNA Sequencing'],
    raw: { accession: `OSD-${n}`, 'study title': title, 'project type': 'Spaceflight Study' },
    contentHash: `hash ${n}`,
  }
}
