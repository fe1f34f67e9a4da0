import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { makeHub, usualPace } from '../../functions/core/hub.ts'
import {
  beginning,
  type Cursor,
  type Feed,
  type Read,
  readBehindHorizon,
  readFeed,
} from '../../functions/core/stream.ts'
import { freshEnvironment } from './environment.ts'
import { join, type Listener } from './listener.ts'
import { type Happening, happen, makeCounters, nameOf, outOfOrder, writeMuch } from './writers.ts'

const { database, ctx } = await freshEnvironment({ maxSessions: 20 })
await makeCounters(database)

const feed: Feed = {
  name: 'outbox',
  table: sql`core.outbox`,
  tables: ['core.outbox'],
  sequence: 'core.outbox_seq_seq',
  seq: 'seq',
  event: sql`jsonb_build_object('subject', e.subject) || e.data`,
}

const db = ctx().db
const log = { info: () => undefined, error: () => undefined }
const newHub = () =>
  makeHub<Happening>({
    feed,
    log,
    query: (statements) => db.batch(statements, { readOnly: true }),
    pace: { ...usualPace, idleMs: 4, busyMs: 2, page: 50 },
  })

/** A client that is cut off after a random number of events and reconnects with its last cursor, again and again. */
function cutOften(hub: ReturnType<typeof newHub>) {
  const received: Read<Happening>[] = []
  let cuts = 0
  let current: Listener<Happening> | null = null
  function connect(after: Cursor): void {
    let left = 1 + Math.floor(Math.random() * 60)
    current = join(hub, after, (listener) => {
      const last = listener.received.at(-1)
      if (last && 'event' in last) received.push(last)
      left -= 1
      if (left > 0) return
      cuts += 1
      listener.leave()
      connect(listener.cursor ?? after)
    })
  }
  connect(beginning)
  return { received, cuts: () => cuts, leave: () => current?.leave() }
}

describe('a feed under eight writers, whose subscribers are cut off and resume', () => {
  it('delivers every committed event once, in the order of the changes', async () => {
    const hub = newHub()
    const listeners = Array.from({ length: 10 }, () => cutOften(hub))
    const committed = await writeMuch(database, 60)
    const total = committed.length
    await Promise.all(
      listeners.map((listener) =>
        expect.poll(() => listener.received.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(total),
      ),
    )
    for (const listener of listeners) listener.leave()

    const expected = committed.map(nameOf).toSorted()
    for (const { received, cuts } of listeners) {
      const events = received.map(({ event }) => event)
      expect(events.map(nameOf).toSorted()).toEqual(expected)
      expect(outOfOrder(events)).toEqual([])
      expect(cuts()).toBeGreaterThan(5)
    }
    console.log(`${total} events, ${listeners.reduce((sum, { cuts }) => sum + cuts(), 0)} cuts`)
  })

  it('gives pages without a gap or a repetition to a reader that uses the statement alone', async () => {
    const all = await readAll()
    const { rows } = await database.admin.query('select count(*)::int as n from core.outbox')
    expect(all).toHaveLength(rows[0].n)
    expect(new Set(all.map(({ event }) => nameOf(event))).size).toBe(all.length)
  })
})

describe('the checks of that, negative controls', () => {
  const connected = () => Promise.all([database.connect(), database.connect()])
  beforeEach(() => database.admin.query('truncate core.outbox, counters'))

  it('find an event that a serial cursor loses, because it commits after a later one was read', async () => {
    const [slow, quick] = await connected()
    await slow.query('begin')
    const committed = [await happen(slow, 'slow'), await happen(quick, 'quick')].map(nameOf)
    const serial = await readBySerial()
    const read = await readAll()
    await slow.query('commit')
    serial.push(...(await readBySerial(serial.at(-1)?.seq)))
    read.push(...(await readAll(read.at(-1))))
    expect(read.map(({ event }) => nameOf(event)).toSorted()).toEqual(committed.toSorted())
    expect(serial.map(nameOf)).toEqual(committed.slice(1))
  })

  it('find events that are out of order by the ids of their transactions', async () => {
    const [first, second] = await connected()
    await first.query('begin; select pg_current_xact_id()')
    await happen(second, 'one')
    await happen(first, 'one')
    await first.query('commit')
    const events = (await readAll()).map(({ event }) => event)
    const byOwnXid = events.toSorted((a, b) => Number(BigInt(a.ownXid) - BigInt(b.ownXid)))
    expect([outOfOrder(events), outOfOrder(byOwnXid)]).toEqual([[], ['one#1']])
  })
})

/** The naive cursor: the next rows above the highest serial id seen. */
async function readBySerial(after = '0'): Promise<(Pick<Happening, 'subject' | 'n'> & { seq: string })[]> {
  const { rows } = await database.admin.query(
    `select seq::text, subject, (data ->> 'n')::int as n from core.outbox where seq > $1 order by seq`,
    [after],
  )
  return rows
}

async function readAll(after: Cursor = beginning): Promise<Read<Happening>[]> {
  const all: Read<Happening>[] = []
  for (;;) {
    const [rows] = await readBehindHorizon(db, feed, [readFeed(feed, all.at(-1) ?? after, 37)])
    const page = rows as Read<Happening>[]
    if (page.length === 0) return all
    all.push(...page)
  }
}
