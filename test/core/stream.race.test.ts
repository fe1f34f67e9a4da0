import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
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
import { type Happening, makeCounters, nameOf, outOfOrder, writeMuch } from './writers.ts'

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
  it('delivers every committed event once, in the order of the changes; a serial cursor loses some', async () => {
    const hub = newHub()
    const listeners = Array.from({ length: 10 }, () => cutOften(hub))
    const serial = readBySerial()
    const committed = await writeMuch(database, 60)
    const total = committed.length
    await Promise.all(
      listeners.map((listener) =>
        expect.poll(() => listener.received.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(total),
      ),
    )
    for (const listener of listeners) listener.leave()
    const lost = await serial.lost(committed)

    const expected = committed.map(nameOf).toSorted()
    for (const { received, cuts } of listeners) {
      const events = received.map(({ event }) => event)
      expect(events.map(nameOf).toSorted()).toEqual(expected)
      expect(outOfOrder(events)).toEqual([])
      expect(cuts()).toBeGreaterThan(5)
    }
    // Control: with a serial cursor, or by own xid, the same subscribers would miss events or get them out of order.
    expect(lost.length).toBeGreaterThan(0)
    expect(outOfOrder(byOwnXid(listeners[0]?.received ?? [])).length).toBeGreaterThan(0)
    console.log(
      `${total} events, ${listeners.reduce((sum, { cuts }) => sum + cuts(), 0)} cuts, ${lost.length} lost by a serial cursor`,
    )
  })

  it('gives pages without a gap or a repetition to a reader that uses the statement alone', async () => {
    const all = await readAll()
    const { rows } = await database.admin.query('select count(*)::int as n from core.outbox')
    expect(all).toHaveLength(rows[0].n)
    expect(new Set(all.map(({ event }) => nameOf(event))).size).toBe(all.length)
  })
})

/** Orders events by the id of their own transaction. */
function byOwnXid(received: Read<Happening>[]): Happening[] {
  return received
    .toSorted(
      (a, b) =>
        Number(BigInt(a.event.ownXid) - BigInt(b.event.ownXid)) || Number(BigInt(a.seq) - BigInt(b.seq)),
    )
    .map(({ event }) => event)
}

/** The naive cursor: the next rows above the highest serial id seen. */
function readBySerial() {
  let highest = 0
  let stopped = false
  const seen = new Set<string>()
  async function poll(): Promise<number> {
    const { rows } = await database.admin.query(
      `select seq, subject || '#' || (data ->> 'n') as name from core.outbox where seq > $1 order by seq limit 100`,
      [highest],
    )
    for (const row of rows) seen.add(row.name)
    highest = Number(rows.at(-1)?.seq ?? highest)
    return rows.length
  }
  const running = (async () => {
    while (!stopped) await poll()
    while ((await poll()) > 0);
  })()
  return {
    async lost(committed: Happening[]): Promise<string[]> {
      stopped = true
      await running
      return committed.map(nameOf).filter((one) => !seen.has(one))
    },
  }
}

async function readAll(): Promise<Read<Happening>[]> {
  const all: Read<Happening>[] = []
  for (;;) {
    const [rows] = await readBehindHorizon(db, feed, [readFeed(feed, all.at(-1) ?? beginning, 37)])
    const page = rows as Read<Happening>[]
    if (page.length === 0) return all
    all.push(...page)
  }
}
