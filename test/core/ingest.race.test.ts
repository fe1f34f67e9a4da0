import { describe, expect, it, onTestFinished } from 'vitest'
import { consume } from '../../functions/core/consume.ts'
import { ingestDurably } from '../../functions/core/ingest.ts'
import type { Delivered, Message } from '../../functions/core/ingest-message.ts'
import { freshEnvironment } from './environment.ts'
import { accountingOf, delivered, type Isolate, isolateOf, shuffled, sumsOf } from './probe/isolate.ts'
import { probeQueue, probeTables } from './probe/module.ts'

const environment = await freshEnvironment()
const { admin } = environment.database
await admin.query(probeTables)

async function empty(): Promise<void> {
  await admin.query(
    `truncate probe.items, core.ingest_messages, core.ingest_sources, core.ingest_minutes, core.dead_messages`,
  )
}

/** Messages of one to three items each, from several isolates. */
async function messagesOf(count: number, isolates: Isolate[]): Promise<Message[]> {
  for (let at = 0; at < count; at += 1) {
    const { ctx } = isolates[at % isolates.length] ?? isolateOf(environment)
    await ingestDurably(
      ctx,
      'probe',
      Array.from({ length: 1 + (at % 3) }, (_, pos) => ({ value: 1_000 + at * 3 + pos })),
    )
  }
  return isolates.flatMap(({ queue }) => queue.accepted)
}

const isolates = (count: number) => Array.from({ length: count }, () => isolateOf(environment))
const itemsIn = (messages: Message[]) => messages.reduce((sum, { items }) => sum + items.length, 0)

/** Delivers until everything is acknowledged, in batches of 20, four consumers at a time. */
async function deliverAll(messages: readonly Delivered[], random = Math.random): Promise<number> {
  let left = shuffled(messages, random)
  let deliveries = 0
  while (left.length > 0) {
    const batches = Array.from({ length: Math.ceil(left.length / 20) }, (_, at) =>
      left.slice(at * 20, at * 20 + 20),
    ).values()
    const again: Delivered[] = []
    const consumer = async () => {
      for (const batch of batches) {
        deliveries += batch.length
        const fates = await consume(environment.ctx(), probeQueue, batch)
        again.push(...batch.filter((_, at) => fates[at] !== 'done'))
      }
    }
    await Promise.all([consumer(), consumer(), consumer(), consumer()])
    left = shuffled(again, random)
  }
  return deliveries
}

async function storedItems(): Promise<{ items: number; distinct: number }> {
  const { rows } = await admin.query(
    'select count(*)::int as items, count(distinct value)::int as distinct from probe.items',
  )
  return rows[0]
}

/** Three ways to count, in one snapshot: what arrived of each isolate, what became of it, and the gaps between totals. */
async function differences(): Promise<{ arrived: number; gaps: number }> {
  const { rows } = await admin.query(`
    select (select coalesce(sum(items), 0) from core.ingest_sources)::int
        - (select coalesce(sum(stored + duplicate + rejected + dead), 0) from core.ingest_minutes)::int as arrived,
      (select coalesce(sum(answered - items), 0) from core.ingest_sources)::int - (
        select coalesce(sum(answered - items - before_it), 0)
        from (
          select answered, items, lag(answered, 1, 0::bigint) over (partition by source order by n) as before_it
          from core.ingest_messages
        ) followed
      )::int as gaps`)
  return rows[0]
}

describe('accounted ingest', () => {
  it('stores 1 000 messages once each when all come twice, shuffled, and consumers are killed at every step', async () => {
    await empty()
    const messages = await messagesOf(1_000, isolates(10))
    const { faults } = environment.proxy
    onTestFinished(() => faults.clear())
    // Killed before the statement, during it, and between its commit and the acknowledgement.
    faults.set({ reset: 0.15, cutDuring: 0.15, cutAfterCommit: 0.15, match: 'ingest_messages' })
    const seen: object[] = []
    let watching = true
    const watch = (async () => {
      while (watching) seen.push(await differences())
    })()
    const deliveries = await deliverAll([...messages, ...messages].map((body) => delivered(body)))
    const counts = { ...faults.counts }
    faults.clear()
    watching = false
    await watch
    const items = itemsIn(messages)
    console.log(`1 000 messages, ${items} items, ${deliveries} deliveries: ${JSON.stringify(counts)}`)
    expect(Object.values(counts).filter((count) => count > 0).length).toBeGreaterThanOrEqual(3)
    expect(await storedItems()).toEqual({ items, distinct: items })
    expect(await sumsOf(environment.ctx())).toEqual({
      answered: items,
      stored: items,
      duplicate: 0,
      rejected: 0,
      dead: 0,
      waiting: 0,
      missing: 0,
    })
    expect(seen.length).toBeGreaterThan(10)
    expect(seen.filter((one) => JSON.stringify(one) !== '{"arrived":0,"gaps":0}')).toEqual([])
  })

  it('names a dropped message with its isolate and the time between its neighbours, missing after 15 minutes', async () => {
    await empty()
    const [isolate] = isolates(1)
    const messages = await messagesOf(9, isolate ? [isolate] : [])
    const dropped = messages[4]
    await deliverAll(messages.filter((message) => message !== dropped).map((body) => delivered(body)))
    const gap = {
      source: dropped?.source,
      after: new Date(messages[3]?.at ?? 0).toISOString(),
      before: new Date(messages[5]?.at ?? 0).toISOString(),
      items: dropped?.items.length,
    }
    const plain = (gaps: { after: string | null; before: string }[]) =>
      gaps.map((one) => ({
        ...one,
        after: new Date(one.after ?? 0).toISOString(),
        before: new Date(one.before).toISOString(),
      }))
    expect(plain((await accountingOf(environment.ctx())).gaps)).toEqual([{ ...gap, state: 'waiting' }])
    await admin.query(
      `update core.ingest_messages set received_at = received_at - interval '15 minutes 1 second'`,
    )
    expect(plain((await accountingOf(environment.ctx())).gaps)).toEqual([{ ...gap, state: 'missing' }])
    expect(await sumsOf(environment.ctx())).toMatchObject({
      answered: 18,
      stored: 16,
      missing: 2,
      waiting: 0,
    })
    // It was only late.
    await deliverAll([delivered(dropped)])
    expect(await sumsOf(environment.ctx())).toMatchObject({
      answered: 18,
      stored: 18,
      missing: 0,
      waiting: 0,
    })
  })

  it('counts stored, duplicate and rejected items as the row decides', async () => {
    await empty()
    const [isolate] = isolates(1)
    if (!isolate) throw new Error('one isolate')
    await ingestDurably(isolate.ctx, 'probe', [{ key: 'a', value: 1 }, { key: 'b', value: 2 }, { value: -1 }])
    await ingestDurably(isolate.ctx, 'probe', [
      { key: 'a', value: 1 },
      { key: 'c', value: 3 },
    ])
    for (const message of isolate.queue.accepted) await deliverAll([delivered(message)])
    expect(await sumsOf(environment.ctx())).toMatchObject({
      answered: 5,
      stored: 3,
      duplicate: 1,
      rejected: 1,
    })
  })
})

describe('negative controls', () => {
  it('a message key that is not unique: redelivered items are stored twice, and the sums differ from the totals', async () => {
    await empty()
    const messages = await messagesOf(30, isolates(2))
    await admin.query('alter table core.ingest_messages drop constraint ingest_messages_stream_source_n_pk')
    await admin.query('alter table core.ingest_sources drop constraint ingest_sources_total')
    onTestFinished(async () => {
      await empty()
      await admin.query(`alter table core.ingest_messages
        add constraint ingest_messages_stream_source_n_pk primary key (stream, source, n)`)
      await admin.query(`alter table core.ingest_sources
        add constraint ingest_sources_total check (answered >= items)`)
    })
    await deliverAll(messages.map((body) => delivered(body)))
    await deliverAll(messages.map((body) => delivered(body)))
    const items = itemsIn(messages)
    expect((await storedItems()).items).toBe(2 * items)
    expect(
      (await admin.query('select sum(answered)::int as answered from core.ingest_sources')).rows,
    ).toEqual([{ answered: items }])
  })

  it('a total that is not carried on: a dropped message has no name', async () => {
    await empty()
    const messages = await messagesOf(9, isolates(1))
    const forgetful = messages.map((message) => ({ ...message, answered: message.items.length }))
    await deliverAll(forgetful.filter((_, at) => at !== 4).map((body) => delivered(body)))
    const { gaps } = await accountingOf(environment.ctx())
    expect(gaps.filter(({ items }) => items > 0 && items === messages[4]?.items.length)).toEqual([])
  })
})
