import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consume } from '../../functions/core/consume.ts'
import { ingest, ingestDurably } from '../../functions/core/ingest.ts'
import { named, type Statement } from '../../functions/core/named.ts'
import { freshEnvironment } from './environment.ts'
import { accountingOf, delivered, type Isolate, isolateOf, shuffled, sumsOf } from './probe/isolate.ts'
import { probeQueue, probeTables } from './probe/module.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
await admin.query(probeTables)

const some = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ value: 1_000 + from + at }))
const sent = ({ waited }: Isolate) => Promise.allSettled(waited)

async function empty(): Promise<void> {
  await admin.query(
    `truncate probe.items, core.ingest_messages, core.ingest_sources, core.ingest_minutes, core.dead_messages`,
  )
}

async function store(bodies: readonly unknown[]): Promise<void> {
  for (let at = 0; at < bodies.length; at += 20) {
    const batch = bodies.slice(at, at + 20).map((body) => delivered(body))
    expect(new Set(await consume(environment.ctx(), probeQueue, batch))).toEqual(new Set(['done']))
  }
}

async function storedItems(): Promise<number> {
  return (await admin.query('select count(*)::int as n from probe.items')).rows[0].n
}

describe('an isolate', () => {
  it('sends the items of many requests 20 ms later, in one request, numbered and with the total', async () => {
    const isolate = isolateOf(environment)
    for (let at = 0; at < 60; at += 1) ingest(isolate.ctx, 'probe', some(2, 2 * at))
    expect(isolate.waited).toHaveLength(1)
    expect(isolate.queue.accepted).toEqual([])
    await sent(isolate)
    expect(isolate.queue.accepted.map(({ v, n, answered, items }) => [v, n, answered, items.length])).toEqual(
      [
        [1, 1, 50, 50],
        [1, 2, 100, 50],
        [1, 3, 120, 20],
      ],
    )
    expect(new Set(isolate.queue.accepted.map(({ source }) => source)).size).toBe(1)
    ingest(isolate.ctx, 'probe', some(1))
    await sent(isolate)
    expect(isolate.queue.accepted.at(-1)).toMatchObject({ n: 4, answered: 121 })
  })

  it('closes a message before 60 kB, and refuses an item that no message takes', async () => {
    const isolate = isolateOf(environment)
    const large = (kilobytes: number) => ({ key: 'ü'.repeat(kilobytes * 500), value: 1 })
    await ingestDurably(isolate.ctx, 'probe', [large(25), large(25), large(25)])
    expect(isolate.queue.accepted.map(({ items }) => items.length)).toEqual([2, 1])
    await expect(ingestDurably(isolate.ctx, 'probe', [large(1), large(101)])).rejects.toThrow('An item has')
    await ingestDurably(isolate.ctx, 'probe', some(1))
    expect(isolate.queue.accepted.at(-1)).toMatchObject({ n: 3, answered: 4 })
  })

  it('sends what items share once per message, and mixes them with no others', async () => {
    const isolate = isolateOf(environment)
    const [one, other] = [{ node: 'a' }, { node: 'b' }]
    ingest(isolate.ctx, 'probe', some(2), { shared: one })
    ingest(isolate.ctx, 'probe', some(1), { shared: one })
    ingest(isolate.ctx, 'probe', some(1), { shared: other })
    ingest(isolate.ctx, 'probe', some(1))
    await sent(isolate)
    expect(isolate.queue.accepted.map(({ n, items, shared }) => [n, items.length, shared])).toEqual([
      [1, 3, one],
      [2, 1, other],
      [3, 1, undefined],
    ])
  })

  it('hands a message to Spill when the queue refuses, and when it hangs for two seconds', async () => {
    const isolate = isolateOf(environment)
    for (const mode of ['refuse', 'hang'] as const) {
      isolate.queue.mode = mode
      await ingestDurably(isolate.ctx, 'probe', some(2))
    }
    expect(isolate.spill.kept.map(({ body }) => body)).toMatchObject([
      { n: 1, answered: 2 },
      { n: 2, answered: 4 },
    ])
  })

  it('says so when neither accepts, keeps the items, and sends them with its next message', async () => {
    const isolate = isolateOf(environment)
    isolate.queue.mode = 'refuse'
    isolate.spill.mode = 'refuse'
    await expect(ingestDurably(isolate.ctx, 'probe', some(2))).rejects.toMatchObject({
      code: 'queue_unavailable',
      outcome: 'unknown',
    })
    isolate.queue.mode = 'accept'
    await ingestDurably(isolate.ctx, 'probe', some(3))
    expect(isolate.queue.accepted.map(({ n, answered }) => [n, answered])).toEqual([
      [1, 2],
      [2, 5],
    ])
  })

  it('takes over the items of a request that was cancelled before it sent', async () => {
    const isolate = isolateOf(environment)
    const started = Date.now()
    const cancelled = { ...isolate.ctx, now: () => new Date(started - 2_000), waitUntil: () => undefined }
    ingest(cancelled, 'probe', some(1))
    ingest(isolate.ctx, 'probe', some(1))
    expect(isolate.waited).toHaveLength(1)
    await sent(isolate)
    expect(isolate.queue.accepted.flatMap(({ items }) => items)).toHaveLength(2)
  })

  it('takes a new name after a day, so that its old messages can be removed', async () => {
    const isolate = isolateOf(environment)
    await ingestDurably(isolate.ctx, 'probe', some(1))
    const day = 25 * 60 * 60 * 1_000
    await ingestDurably({ ...isolate.ctx, now: () => new Date(Date.now() + day) }, 'probe', some(1))
    const [first, second] = isolate.queue.accepted
    expect(second).toMatchObject({ n: 1, answered: 1 })
    expect(second?.source).not.toBe(first?.source)
  })
})

describe('a queue that is out', () => {
  /** Twenty requests are answered while the queue refuses. Then the isolate dies. */
  async function outage(isolate: Isolate): Promise<number> {
    await empty()
    isolate.queue.mode = 'refuse'
    for (let at = 0; at < 20; at += 1) ingest(isolate.ctx, 'probe', some(1, at))
    await sent(isolate)
    await store([...isolate.queue.accepted, ...isolate.spill.kept.map(({ body }) => body)])
    return storedItems()
  }

  it('loses no acknowledged item, even if the isolate dies', async () => {
    expect(await outage(isolateOf(environment))).toBe(20)
  })

  it('loses them without Spill: the negative control', async () => {
    const isolate = isolateOf(environment)
    isolate.spill.mode = 'refuse'
    expect(await outage(isolate)).toBe(0)
  })
})

describe('the accounting', () => {
  const step = fc.record({
    items: fc.integer({ min: 1, max: 60 }),
    queue: fc.constantFrom('accept', 'refuse'),
    spill: fc.constantFrom('accept', 'accept', 'refuse'),
    arrives: fc.constantFrom(0, 1, 1, 2),
  })

  it('adds up for any history of refusals, losses and repetitions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
        await empty()
        const isolate = isolateOf(environment)
        let answered = 0
        for (const { items, queue, spill } of steps) {
          isolate.queue.mode = queue
          isolate.spill.mode = spill
          await ingestDurably(isolate.ctx, 'probe', some(items, answered)).catch(() => undefined)
          answered += items
        }
        isolate.queue.mode = 'accept'
        await ingestDurably(isolate.ctx, 'probe', some(1, answered))
        answered += 1
        const messages = [...isolate.queue.accepted, ...isolate.spill.kept.map(({ body }) => body)]
        expect(messages.length).toBeGreaterThan(0)
        const last = messages.find((body) => JSON.stringify(body).includes(`"answered":${answered},`))
        const arriving = messages.flatMap((body, at) =>
          Array.from({ length: body === last ? 1 : (steps[at % steps.length]?.arrives ?? 1) }, () => body),
        )
        await store(shuffled(arriving, Math.random))
        const sums = await sumsOf(environment.ctx())
        expect(sums).toMatchObject({ answered, stored: await storedItems(), duplicate: 0, dead: 0 })
        expect(sums.stored + sums.waiting + sums.missing).toBe(answered)
      }),
      { numRuns: 25 },
    )
  })

  it('reads the messages of incomplete sources only', async () => {
    await empty()
    await admin.query(`
      insert into core.ingest_messages (stream, source, n, at, answered, items)
      select 'probe', md5(s::text)::uuid, n, now() - make_interval(secs => 200 - n), n * 10, 10
      from generate_series(1, 200) s, generate_series(1, 100) n
      where (s, n) <> (7, 50);
      insert into core.ingest_sources (stream, source, answered, items, messages, last_at)
      select stream, source, max(answered), sum(items), count(*), max(at) from core.ingest_messages group by 1, 2;
      analyze core.ingest_messages, core.ingest_sources`)
    const ctx = environment.ctx()
    const { db } = ctx
    const plan: string[] = []
    const explained = {
      ...db,
      async query<Row>(statement: Statement) {
        for (const row of await db.query<{ 'QUERY PLAN': string }>(
          named('tests.explain')`explain (analyze) ${statement}`,
        ))
          plan.push(row['QUERY PLAN'])
        return db.query<Row>(statement)
      },
    }
    const { gaps } = await accountingOf({ ...ctx, db: explained })
    expect(gaps).toMatchObject([{ items: 10, state: 'waiting' }])
    const read = plan.flatMap((line) => {
      const [, rows, loops] = /on ingest_messages .*actual.* rows=([\d.]+) loops=(\d+)/.exec(line) ?? []
      return rows === undefined ? [] : [Number(rows) * Number(loops)]
    })
    expect(read).toEqual([99])
  })
})
