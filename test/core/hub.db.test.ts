import { sql } from 'drizzle-orm'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeHub, type Pace, usualPace } from '../../functions/core/hub.ts'
import { beginning, type Feed } from '../../functions/core/stream.ts'
import { freshEnvironment } from './environment.ts'
import { join, type Listener } from './listener.ts'

const { database, ctx } = await freshEnvironment()
const db = ctx().db
const feed: Feed = {
  name: 'outbox',
  table: sql`core.outbox`,
  tables: ['core.outbox'],
  sequence: 'core.outbox_seq_seq',
  seq: 'seq',
  event: sql`e.data`,
}

type Numbered = { n: number }
let emitted = 0

async function emit(count: number): Promise<void> {
  await database.admin.query(
    `insert into core.outbox (topic, subject, type, data)
    select 'test', 'one', 'test.told', jsonb_build_object('n', n) from generate_series($1::int, $2::int) n`,
    [emitted + 1, emitted + count],
  )
  emitted += count
}

function hubAt(pace: Partial<Pace> = {}) {
  const started = performance.now()
  let reads = 0
  const errors: unknown[] = []
  const hub = makeHub<Numbered>({
    feed,
    log: { info: () => undefined, error: (_, error) => void errors.push(error) },
    query: async (statements) => {
      reads += 1
      return db.batch(statements, { readOnly: true })
    },
    pace: { ...usualPace, idleMs: 40, busyMs: 10, ...pace },
  })
  return { hub, errors, reads: () => reads, elapsedMs: () => performance.now() - started }
}

describe('a hub', () => {
  it('queries Postgres once a round for two hundred subscribers, and never without a subscriber', async () => {
    const { hub, reads, elapsedMs } = hubAt()
    const listeners = Array.from({ length: 200 }, () => join(hub, null))
    onTestFinished(() => listeners.forEach((listener) => listener.leave()))
    await Promise.all(listeners.map((listener) => listener.until(() => listener.cursor !== null)))
    for (let nth = 0; nth < 10; nth++) {
      await emit(1)
      await Promise.all(
        listeners.map((listener) => listener.until(() => listener.received.length === nth + 1)),
      )
    }
    // One batch a round, and never two rounds within busyMs.
    expect(reads()).toBeLessThanOrEqual(elapsedMs() / 10 + 1)
    for (const listener of listeners) listener.leave()
    expect(hub.size).toBe(0)
    // Another hub at the same pace is the clock. The last round of this one may have begun.
    const when = reads()
    const clock = hubAt()
    const ticking = join(clock.hub, null)
    await expect.poll(clock.reads).toBeGreaterThan(8)
    ticking.leave()
    expect(reads() - when).toBeLessThanOrEqual(1)
    await emit(1)
    const late = join(hub, null)
    await late.until(() => late.cursor !== null)
    late.leave()
    // The hub did not read events without subscribers: a single round admitted the newcomer.
    expect(reads() - when).toBeLessThanOrEqual(3)
  })

  it('serves sixty late subscribers with different cursors by the same reads', async () => {
    await emit(300)
    const { rows } = await database.admin.query(
      `select xid::text, seq::text, data ->> 'n' as n from core.outbox e order by e.xid, e.seq`,
    )
    const { hub, reads } = hubAt({ page: 50 })
    const listeners = Array.from({ length: 60 }, (_, nth) => {
      const { xid, seq, n } = rows[nth * 5]
      return { from: Number(n), listener: join(hub, { xid, seq }) }
    })
    onTestFinished(() => listeners.forEach(({ listener }) => listener.leave()))
    await Promise.all(
      listeners.map(({ from, listener }) =>
        listener.until(() => listener.received.length === emitted - from),
      ),
    )
    for (const { from, listener } of listeners)
      expect(listener.received.map((one) => 'event' in one && one.event.n)).toEqual(
        Array.from({ length: emitted - from }, (_, nth) => from + nth + 1),
      )
    // 311 events in pages of 50 from the hindmost on, not 60 times that.
    expect(reads()).toBeLessThan(30)
  })

  it('serves a late subscriber while others begin at the oldest event again and again', async () => {
    await emit(400)
    const { rows } = await database.admin.query(
      `select xid::text, seq::text from core.outbox e where data ->> 'n' = $1::text`,
      [emitted - 200],
    )
    const { hub } = hubAt({ page: 50 })
    // Each beginner is replaced at its first event. Two chains of them keep one at the oldest event in every round.
    let isOver = false
    const begin = (): Listener<Numbered> =>
      join(hub, beginning, (beginner) => {
        beginner.leave()
        if (!isOver) begin()
      })
    const newest = join(hub, null)
    onTestFinished(() => {
      isOver = true
      newest.leave()
    })
    const first = begin()
    await first.until(() => first.cursor !== null)
    begin()
    const late = join(hub, rows[0])
    onTestFinished(() => late.leave())
    await late.until(() => late.received.length === 200)
    expect(late.received.map((one) => 'event' in one && one.event.n)).toEqual(
      Array.from({ length: 200 }, (_, nth) => emitted - 199 + nth),
    )
  })

  it('moves no subscriber past an event that is not readable yet, even when another names its cursor', async () => {
    const longest = await database.connect()
    await longest.query(
      `begin; insert into core.outbox (topic, subject, type, data) values ('test', 's', 'test.open', '{}')`,
    )
    const before = emitted
    await emit(2)
    const { rows } = await database.admin.query(
      `select xid::text, seq::text from core.outbox e where data ->> 'n' = $1::text`,
      [emitted],
    )
    const { hub, reads } = hubAt()
    const [patient, ahead] = [join(hub, null), join(hub, rows[0])]
    onTestFinished(() => [patient, ahead].forEach((listener) => listener.leave()))
    await ahead.until(() => ahead.received.length === 1)
    expect(ahead.received).toMatchObject([{ reset: 'unknown' }])
    const until = reads() + 5
    await expect.poll(reads).toBeGreaterThan(until)
    await longest.query('rollback')
    await patient.until(() => patient.received.length >= 2)
    expect(patient.received).toMatchObject([{ event: { n: before + 1 } }, { event: { n: before + 2 } }])
  })

  it('drops a stuck subscriber, and the others receive every event', async () => {
    const { hub } = hubAt({ stuckMs: 60 })
    const [quick, slow] = [join(hub, null), join(hub, null)]
    onTestFinished(() => quick.leave())
    await Promise.all([quick, slow].map((listener) => listener.until(() => listener.cursor !== null)))
    slow.room = false
    for (let nth = 1; nth <= 20; nth++) {
      await emit(1)
      await quick.until(() => quick.received.length === nth)
    }
    await slow.until(() => slow.closed !== null)
    expect(slow.closed).toBe('too_slow')
    expect(slow.received).toEqual([])
    expect(hub.size).toBe(1)
  })

  it('sends a subscriber that was slow for a moment every event it had no room for', async () => {
    const { hub } = hubAt()
    const listener = join(hub, null)
    const witness = join(hub, null)
    onTestFinished(() => [listener, witness].forEach((one) => one.leave()))
    await Promise.all([listener, witness].map((one) => one.until(() => one.cursor !== null)))
    listener.room = false
    await emit(30)
    await witness.until(() => witness.received.length === 30)
    listener.room = true
    await listener.until(() => listener.received.length === 30)
    expect(listener.received).toEqual(witness.received)
  })

  it('answers an invalid cursor with a reset, and continues with the next event', async () => {
    const { rows } = await database.admin.query(
      `select xid::text, seq::text from core.outbox e order by e.xid, e.seq`,
    )
    const [first, second] = rows
    await database.admin.query(
      `insert into core.feed_positions (name, xid, seq) values ('removed:outbox', $1, $2)
      on conflict (name) do update set xid = excluded.xid, seq = excluded.seq`,
      [second.xid, second.seq],
    )
    onTestFinished(async () => {
      await database.admin.query(`delete from core.feed_positions where name = 'removed:outbox'`)
    })
    const { hub } = hubAt()
    const joined = {
      expired: join(hub, first),
      unknown: join(hub, { xid: '4', seq: '99999' }),
      future: join(hub, { xid: '999999999', seq: '1' }),
      malformed: join(hub, 'malformed'),
      lastRemoved: join(hub, second),
    }
    const listeners = Object.values(joined)
    onTestFinished(() => listeners.forEach((listener) => listener.leave()))
    await Promise.all(listeners.map((listener) => listener.until(() => listener.received.length > 0)))
    expect(joined.expired.received[0]).toMatchObject({ reset: 'expired' })
    expect(joined.unknown.received[0]).toMatchObject({ reset: 'expired' })
    for (const listener of [joined.future, joined.malformed])
      expect(listener.received[0]).toMatchObject({ reset: 'unknown' })
    // Nothing after the last one removed is missing.
    expect(joined.lastRemoved.received[0]).toMatchObject({ event: { n: 3 } })
    await emit(1)
    for (const listener of [joined.expired, joined.future, joined.malformed]) {
      await listener.until(() => listener.received.length === 2)
      expect(listener.received[1]).toMatchObject({ event: { n: emitted } })
    }
  })

  it('continues after Postgres was unavailable', async () => {
    const { hub, errors } = hubAt({ failedMs: 20 })
    const listener = join(hub, null)
    onTestFinished(() => listener.leave())
    await listener.until(() => listener.cursor !== null)
    await database.admin.query('alter table core.outbox rename to away')
    await expect.poll(() => errors.length).toBeGreaterThan(1)
    await database.admin.query('alter table core.away rename to outbox')
    await emit(2)
    await listener.until(() => listener.received.length === 2)
  })
})
