import { sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  beginning,
  type Cursor,
  type Feed,
  readBehindHorizon,
  readFeed,
} from '../../functions/core/stream.ts'
import { pidOf } from '../support/blocking.ts'
import { freshDatabase } from '../support/database.ts'
import { defectiveDb } from '../support/defective-db.ts'
import { letLocksWait } from './barrier.ts'
import { times } from './environment.ts'

const database = await freshDatabase()
const { admin } = database
await letLocksWait(database)
const db = defectiveDb(database, { max: 2, defect: (text) => text })
await admin.query(`
  create table other (n int);
  create table events (
    id bigint generated always as identity primary key,
    xid xid8 not null default core.reading_xid(),
    writer int not null
  );
  create index on events (xid, id);
  grant select on events to lockstep_app`)

const feed: Feed = {
  name: 'events',
  table: sql`events`,
  tables: ['events'],
  sequence: 'events_id_seq',
  seq: 'id',
  event: sql`to_jsonb(e.id)`,
}

const upTo = (most: number) => Math.floor(Math.random() * most)
const pause = (client: pg.Client, ms: number) => client.query('select pg_sleep($1)', [ms / 1000])

/** Transactions of every shape: with an id before the first event or not, with rows in several steps, one in twelve undone. */
async function write(writer: number, going: () => boolean, committedAt: Map<string, number>): Promise<void> {
  const client = await database.connect()
  while (going()) {
    await client.query('begin')
    if (upTo(3) === 0) await client.query('insert into other values (1)')
    if (upTo(4) === 0) await pause(client, upTo(8))
    const ids: string[] = []
    for (let step = 0; step <= upTo(3); step++) {
      const insert = 'insert into events (writer) select $1 from generate_series(1, $2) returning id'
      ids.push(...(await client.query(insert, [writer, 1 + upTo(2)])).rows.map(({ id }) => String(id)))
      if (upTo(3) === 0) await pause(client, upTo(6))
    }
    const undone = upTo(12) === 0
    await client.query(undone ? 'rollback' : 'commit')
    if (!undone) for (const id of ids) committedAt.set(id, performance.now())
  }
}

/** Reads the feed to its end while six write, until `enough` events are committed or one is missed for good. */
async function readWhileSixWrite(enough: number, meanwhile = async () => {}) {
  await admin.query('truncate events')
  const besides = meanwhile()
  const committedAt = new Map<string, number>()
  let lastWritten = false
  const going = () => committedAt.size < enough
  const written = (async () => {
    await times(6, (writer) => write(writer, going, committedAt))
    lastWritten = true
  })()
  const seen: string[] = []
  const waitedMs: number[] = []
  let at: Cursor = beginning
  let reads = 0
  for (let quiet = 0; quiet < 3; ) {
    const done = lastWritten
    const [rows] = await readBehindHorizon(db, feed, [readFeed(feed, at, 200)])
    const page = rows as (Cursor & { event: number })[]
    reads++
    for (const { event } of page) {
      seen.push(String(event))
      const committed = committedAt.get(String(event))
      if (committed !== undefined) waitedMs.push(performance.now() - committed)
    }
    at = page.at(-1) ?? at
    quiet = done && page.length === 0 ? quiet + 1 : 0
  }
  await Promise.all([written, besides])
  const { rows } = await admin.query('select id::text from events order by xid, id')
  const all = rows.map(({ id }) => String(id))
  const known = new Set(seen)
  return {
    all,
    seen,
    reads,
    missed: all.filter((id) => !known.has(id)),
    waitedMs: waitedMs.toSorted((a, b) => a - b),
  }
}

async function strangersTransaction(): Promise<void> {
  const stranger = await database.connect()
  await stranger.query('begin; insert into other values (9)')
  onTestFinished(async () => {
    await stranger.query('rollback')
  })
}

describe('a feed that six write', () => {
  it('is read to the end, each event once, while a stranger’s transaction stays open', async () => {
    await strangersTransaction()
    const { all, seen, waitedMs } = await readWhileSixWrite(3_000)
    expect(seen.toSorted()).toEqual(all.toSorted())
    const at = (share: number) => waitedMs[Math.floor(waitedMs.length * share)]?.toFixed(0)
    console.log(`${all.length} events, read ${at(0.5)} ms after their commit, p99 ${at(0.99)} ms`)
  })

  it('is read to the end while an index is built concurrently on its table', async () => {
    const builder = await database.connect()
    const { all, seen } = await readWhileSixWrite(2_000, async () => {
      for (let n = 0; n < 3; n++) {
        await builder.query('create index concurrently built on events (writer)')
        await builder.query('drop index concurrently built')
      }
    })
    expect(seen.toSorted()).toEqual(all.toSorted())
  })

  it('is read to the end when a writer is killed', async () => {
    const found = await readWhileSixWrite(500, async () => {
      const victim = await database.connect()
      await victim.query('begin; insert into events (writer) values (99)')
      await admin.query('select pg_terminate_backend($1)', [pidOf(victim)])
    })
    expect(found).toMatchObject({ missed: [] })
  })
})

async function definition(): Promise<string> {
  const { rows } = await admin.query(
    `select pg_get_functiondef('core.mark_horizon(regclass[],regclass)'::regprocedure) as text`,
  )
  return String(rows[0].text)
}

async function withDefect(defect: (sound: string) => string): Promise<void> {
  const sound = await definition()
  const defective = defect(sound)
  expect(defective).not.toBe(sound)
  await admin.query(defective)
  onTestFinished(async () => {
    await admin.query(sound)
  })
}

/** Two writers take the same place after the horizon is marked; the one with the higher number commits first. */
async function twoAtOnePlace(): Promise<{ first: string[]; second: string[]; all: string[] }> {
  await admin.query('truncate events')
  const [low, high, reader] = [await database.connect(), await database.connect(), await database.connect()]
  for (const writer of [low, high]) await writer.query('begin; select pg_current_xact_id()')
  await admin.query('insert into other values (1)')
  const page = async (after: Cursor) => {
    const { sql: text, params } = new PgDialect().sqlToQuery(readFeed(feed, after, 10))
    return (await reader.query(text, params)).rows as (Cursor & { event: number })[]
  }
  const mark = `select core.mark_horizon(array['events']::regclass[], 'events_id_seq')`
  await reader.query('begin')
  await reader.query(mark)
  // The place that both take by themselves, unless a transaction of another test file ends just now.
  const { rows: marked } = await reader.query(
    `select split_part(current_setting('lockstep.horizon'), ' ', 1) as place`,
  )
  for (const writer of [low, high])
    await writer.query('insert into events (xid, writer) values ($1::xid8, 1)', [marked[0].place])
  await high.query('commit')
  const first = await page(beginning)
  await reader.query('commit')
  await low.query('commit')
  await reader.query('begin')
  await reader.query(mark)
  const second = await page(first.at(-1) ?? beginning)
  await reader.query('commit')
  const { rows } = await admin.query('select id::text from events order by xid, id')
  const ids = (read: { event: number }[]) => read.map(({ event }) => String(event))
  return { first: ids(first), second: ids(second), all: rows.map(({ id }) => id) }
}

describe('two rows at one place, of which the second commits first', () => {
  it('are both read, each once', async () => {
    const { first, second, all } = await twoAtOnePlace()
    expect([...first, ...second]).toEqual(all)
  })

  it('lose the first by a horizon that does not ask how far rows are numbered', async () => {
    await withDefect((sound) => sound.replace('numbered + 1', '9000000000000000000'))
    const { first, second, all } = await twoAtOnePlace()
    expect([first, second]).toEqual([all.slice(1), []])
  })
})

/** One writer stays open; a second writes after it and commits. Which of both are read, before and after the first commits? */
async function oneStaysOpen(meanwhile: (insert: () => Promise<void>) => Promise<Cursor[]>) {
  await admin.query('truncate events')
  const [open, quick] = [await database.connect(), await database.connect()]
  const before = await meanwhile(async () => {
    await open.query('begin; insert into events (writer) values (1)')
    await quick.query('insert into events (writer) values (2)')
  })
  await open.query('commit')
  const [after = []] = await readBehindHorizon(db, feed, [readFeed(feed, before.at(-1) ?? beginning, 10)])
  return before.length + after.length
}

async function readOnce(): Promise<Cursor[]> {
  const [page = []] = await readBehindHorizon(db, feed, [readFeed(feed, beginning, 10)])
  // The row type is that of readFeed.
  return page as Cursor[]
}

describe('an event that commits before one that was written earlier', () => {
  const looksAtLocks = /select min\(finished[\s\S]*?\);\n/
  const inserted = (insert: () => Promise<void>) => insert().then(readOnce)

  it('is read after it', async () => {
    expect(await oneStaysOpen(inserted)).toBe(2)
  })

  it('hides it for good by a horizon that looks at no locks', async () => {
    await withDefect((sound) => sound.replace(looksAtLocks, ''))
    expect(await oneStaysOpen(inserted)).toBe(1)
  })

  it('hides it for good by a horizon that looks at the locks before it asks what has finished', async () => {
    await withDefect((sound) => {
      const [locks = ''] = looksAtLocks.exec(sound) ?? []
      const early = locks.replaceAll('finished', 'pg_snapshot_xmax(pg_current_snapshot())::text::bigint')
      const held = 'perform pg_advisory_xact_lock_shared(4711);'
      return sound.replace(looksAtLocks, '').replace(/begin\n/i, `begin\n${early}\n${held}\n`)
    })
    const holder = await database.connect()
    const both = await oneStaysOpen(async (insert) => {
      await holder.query('begin; select pg_advisory_xact_lock(4711)')
      const reading = readOnce()
      await expect.poll(waitingReaders).toBe(1)
      await insert()
      await holder.query('commit')
      return reading
    })
    expect(both).toBe(1)
  })

  it('is held back by a stranger’s transaction where the horizon is that of the whole cluster', async () => {
    await strangersTransaction()
    const {
      rows: [before],
    } = await admin.query('select pg_snapshot_xmin(pg_current_snapshot())::text as xmin')
    await admin.query('insert into events (writer) values (7)')
    const { rows } = await admin.query(
      'select count(*)::int as n from events where writer = 7 and xid < $1::xid8',
      [before?.xmin],
    )
    expect(rows).toEqual([{ n: 0 }])
  })
})

async function waitingReaders(): Promise<number> {
  const { rows } = await admin.query(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`,
  )
  return rows[0].n
}
