import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { bury } from '../../functions/core/bury.ts'
import { consume } from '../../functions/core/consume.ts'
import { emptySpill } from '../../functions/core/empty-spill.ts'
import { ingestDurably } from '../../functions/core/ingest.ts'
import type { Message } from '../../functions/core/ingest-message.ts'
import { replayDead } from '../../functions/ops/dead/replay.ts'
import { freshEnvironment, key, times } from './environment.ts'
import { delivered, isolateOf, sumsOf } from './probe/isolate.ts'
import { probeQueue, probeTables } from './probe/module.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
await admin.query(probeTables)
const ctx = () => environment.ctx()

afterEach(async () => {
  environment.proxy.faults.clear()
  await admin.query(
    `truncate probe.items, core.ingest_messages, core.ingest_sources, core.ingest_minutes, core.dead_messages`,
  )
})

/** One message for each list of values, all of one isolate. */
async function messagesOf(...lists: unknown[][]): Promise<Message[]> {
  const isolate = isolateOf(environment)
  for (const values of lists)
    await ingestDurably(
      isolate.ctx,
      'probe',
      values.map((value) => ({ value })),
    )
  return isolate.queue.accepted
}

async function deadRows() {
  const { rows } = await admin.query(`
    select id::int, n, items, reason, attempts, replayed_at is not null as replayed
    from core.dead_messages
    order by n nulls first, id`)
  return rows
}

const repair = () => admin.query('alter table probe.items drop constraint items_value_check')
const breakAgain = () =>
  admin.query('alter table probe.items add constraint items_value_check check (value <> 99)')

describe('a batch with faulty messages', () => {
  it('is stored message by message, and each faulty one is kept with its reason', async () => {
    const messages = await messagesOf([1, 2], ['no number'], [3], [99], ['\u0000'], [4])
    const fates = await consume(
      ctx(),
      probeQueue,
      messages.map((body) => delivered(body, 3)),
    )
    expect(new Set(fates)).toEqual(new Set(['done']))
    expect(await deadRows()).toMatchObject([
      { n: 2, items: 1, attempts: 3, reason: expect.stringMatching(/^22P02: /) },
      { n: 4, items: 1, attempts: 3, reason: expect.stringMatching(/^23514: /) },
      { n: 5, items: 1, attempts: 3, reason: expect.stringMatching(/^22P05: /) },
    ])
    expect(await sumsOf(ctx())).toMatchObject({ answered: 7, stored: 4, dead: 3, waiting: 0, missing: 0 })
  })

  it('keeps a message of an unknown version, an old one, and one without a head, whose items are waited for', async () => {
    const [first, second, third, fourth] = await messagesOf([1], [2], [3], [4])
    const old = { ...fourth, at: new Date(Date.now() - 8 * 24 * 60 * 60 * 1_000).toISOString() }
    const bodies = [first, { ...second, v: 2 }, { ...third, source: 'nobody' }, old, 'text']
    const batch = bodies.map((body) => delivered(body))
    await consume(ctx(), probeQueue, batch)
    await consume(ctx(), probeQueue, batch)
    expect((await deadRows()).map(({ n, reason }) => [n, reason])).toEqual([
      [null, 'malformed'],
      [null, 'malformed'],
      [2, 'unknown_version'],
      [4, 'too_old'],
    ])
    expect(await sumsOf(ctx())).toMatchObject({ answered: 4, stored: 1, dead: 2, waiting: 1 })
  })

  it('keeps a message whose row does not account for every item, and stores nothing of it', async () => {
    const [message] = await messagesOf([1, 2, 3])
    const forgetful = {
      stream: 'probe',
      verb: 'probe.store',
      store: () =>
        sql`outcome as (select source, n, 2 as stored, 0 as duplicate, 0 as rejected from arrived)`,
    }
    await consume(ctx(), forgetful, [delivered(message)])
    expect(await deadRows()).toMatchObject([{ reason: expect.stringContaining('ingest_minutes_accounted') }])
    expect((await admin.query('select from probe.items')).rowCount).toBe(0)
  })

  it('keeps a message whose total is wrong, without its head', async () => {
    const [first, second] = await messagesOf([1, 2], [3, 4])
    await consume(ctx(), probeQueue, [delivered(first)])
    await consume(ctx(), probeQueue, [delivered({ ...second, answered: 2 })])
    expect(await deadRows()).toMatchObject([
      { n: null, reason: expect.stringContaining('ingest_sources_total') },
    ])
  })

  it('waits while Postgres is away: nothing is acknowledged, and nothing is dead', async () => {
    const messages = await messagesOf([1], [99])
    environment.proxy.faults.set({ refuse: 1 })
    const batch = messages.map((body) => delivered(body))
    expect(await consume(ctx(), probeQueue, batch)).toEqual(['retry', 'retry'])
    environment.proxy.faults.clear()
    expect(await deadRows()).toEqual([])
    expect(await consume(ctx(), probeQueue, batch)).toEqual(['done', 'done'])
    expect(await sumsOf(ctx())).toMatchObject({ answered: 2, stored: 1, dead: 1 })
  })
})

describe('a message in Spill', () => {
  it('stays while neither the queue nor Postgres takes it, and leaves once one of them has it', async () => {
    const isolate = isolateOf(environment)
    const shelved = (await messagesOf([1], [2])).map((body, key) => ({
      key,
      stream: 'probe',
      id: `shelved ${key}`,
      body: JSON.stringify(body),
      attempts: 1,
      reason: null,
      since: 0,
    }))
    const leave = () => emptySpill(isolate.ctx, [probeQueue], shelved)
    isolate.queue.mode = 'refuse'
    environment.proxy.faults.set({ refuse: 1 })
    expect(await leave()).toEqual([])
    environment.proxy.faults.clear()
    expect(await leave()).toEqual([0, 1])
    expect(await sumsOf(ctx())).toMatchObject({ answered: 2, stored: 2 })
    isolate.queue.mode = 'accept'
    expect(await leave()).toEqual([0, 1])
    expect(isolate.queue.accepted).toHaveLength(2)
  })
})

describe('a dead letter', () => {
  it('is buried once, and not at all when its message was stored meanwhile', async () => {
    const [stored, dead] = await messagesOf([1], [2])
    await consume(ctx(), probeQueue, [delivered(stored)])
    const letters = [stored, dead, dead].map((body) => ({
      delivered: delivered(body, 31),
      reason: 'retries_exhausted',
    }))
    await times(5, () => bury(ctx(), 'probe', letters))
    expect(await deadRows()).toMatchObject([{ n: 2, attempts: 31, reason: 'retries_exhausted' }])
    expect(await sumsOf(ctx())).toMatchObject({ answered: 2, stored: 1, dead: 1 })
  })
})

describe('a replay', () => {
  it('stores each message once when ten operators replay at once, and takes it out of the dead', async () => {
    const messages = await messagesOf([99, 1], [99, 2], [3])
    const batch = messages.map((body) => delivered(body))
    await consume(ctx(), probeQueue, batch)
    expect(await sumsOf(ctx())).toMatchObject({ answered: 5, stored: 1, dead: 4 })
    await repair()
    const replies = await times(10, () => replayDead(ctx(), probeQueue, { stream: 'probe' }))
    await consume(ctx(), probeQueue, batch)
    await admin.query('delete from probe.items where value = 99')
    await breakAgain()
    expect(replies.flatMap(({ data }) => data).map(({ outcome }) => outcome)).toEqual(['stored', 'stored'])
    expect((await admin.query('select value from probe.items order by value')).rows).toEqual(
      [1, 2, 3].map((value) => ({ value })),
    )
    expect(await sumsOf(ctx())).toMatchObject({ answered: 5, stored: 5, dead: 0 })
    expect((await deadRows()).map(({ replayed }) => replayed)).toEqual([true, true])
  })

  it.each([
    ['of an unknown version', (body: object) => ({ ...body, v: 2 })],
    ['with a faulty item', (body: object) => ({ ...body, items: [{ value: 'text' }] })],
  ])('goes on after a hundred messages %s, which stay dead', async (_which, spoilt) => {
    const messages = await messagesOf(...Array.from({ length: 101 }, (): [number] => [99]))
    const bodies = messages.map((body, at) => (at < 100 ? spoilt(body) : body))
    // The last one dies last.
    for (const some of [bodies.slice(0, 50), bodies.slice(50, 100), bodies.slice(100)])
      await consume(
        ctx(),
        probeQueue,
        some.map((body) => delivered(body)),
      )
    const ids = (await deadRows()).map(({ id }) => id).toSorted((a, b) => a - b)
    expect(ids).toHaveLength(101)
    await repair()
    const first = await replayDead(ctx(), probeQueue, { stream: 'probe' })
    expect(first).toMatchObject({ left: 101, next: ids[99] })
    expect(new Set(first.data.map(({ outcome }) => outcome))).toEqual(new Set(['failed']))
    expect(await replayDead(ctx(), probeQueue, { stream: 'probe', after: ids[99] })).toEqual({
      data: [{ id: ids[100], outcome: 'stored', reason: null }],
      left: 100,
      next: null,
    })
    await admin.query('delete from probe.items where value = 99')
    await breakAgain()
  })

  it('reports per message what failed again, what it does not know, and what it found replayed', async () => {
    const messages = await messagesOf([99], ['text'], [1])
    const bodies = [...messages.slice(0, 2), { ...messages[2], v: 2 }]
    await consume(
      ctx(),
      probeQueue,
      bodies.map((body) => delivered(body)),
    )
    const ids = (await deadRows()).map(({ id }) => id)
    await repair()
    const once = { ...ctx(), idempotency: key('replay') }
    const first = await replayDead(once, probeQueue, { stream: 'probe', ids: [...ids, 4_711] })
    expect(first).toEqual({
      data: [
        { id: ids[0], outcome: 'stored', reason: null },
        { id: ids[1], outcome: 'failed', reason: expect.stringMatching(/^22P02: /) },
        { id: ids[2], outcome: 'failed', reason: 'unknown_version' },
        { id: 4_711, outcome: 'not_found', reason: null },
      ],
      left: 2,
      next: null,
    })
    expect(await replayDead(once, probeQueue, { stream: 'probe', ids: [...ids, 4_711] })).toEqual(first)
    await admin.query('delete from probe.items where value = 99')
    await breakAgain()
    expect(await sumsOf(ctx())).toMatchObject({ answered: 3, stored: 1, dead: 2 })
  })
})
