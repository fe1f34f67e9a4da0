/**
 * The consumer of accounted ingest: stores the messages of one batch, each once.
 *
 * Guarantee: the first step of the statement claims the numbers of the messages, so a redelivery, or a copy that another
 * consumer has, changes nothing. Numbers, items and accounting commit together. A batch with a faulty message is stored
 * message by message, and the faulty one is kept in core.dead_messages with its reason. While Postgres is away nothing
 * is done, and the queue delivers again after min(300, 5·2^n) s.
 * How a caller loses: a message whose fate is `retry` is not stored, or the answer of Postgres was lost.
 * The caller must acknowledge only those whose fate is `done`. Driver: HTTP, one round trip per batch.
 */
import { type SQL, sql } from 'drizzle-orm'
import { bury } from './bury.ts'
import type { Ctx } from './context.ts'
import { hot } from './hot.ts'
import { counted, readMessages } from './ingest-accounting.ts'
import { type Dead, type Delivered, type IngestQueue, type Message, readMessage } from './ingest-message.ts'
import { named, type Statement } from './named.ts'
import { type Needed, withPartitions } from './partitions.ts'
import { isDataError, reasonOf } from './sqlstate.ts'

export type Fate = 'done' | 'retry'

/** The fate of each message, in their order. */
export async function consume(
  ctx: Ctx,
  queue: IngestQueue,
  delivered: readonly Delivered[],
): Promise<Fate[]> {
  const readable: Readable[] = []
  const unreadable: Dead[] = []
  for (const one of delivered) {
    const read = readMessage(one.body, ctx.now())
    if ('message' in read) readable.push({ delivered: one, message: read.message })
    else unreadable.push({ delivered: one, reason: read.reason })
  }
  const { stored, faulty } = await store(ctx, queue, readable)
  const done = new Set([...stored, ...(await buried(ctx, queue.stream, [...unreadable, ...faulty]))])
  for (const one of delivered)
    ctx.metrics.count('queue_messages_total', { queue: queue.stream, fate: done.has(one) ? 'done' : 'retry' })
  return delivered.map((one) => (done.has(one) ? 'done' : 'retry'))
}

/** The pause before the next delivery of a message that was delivered `attempts` times. */
export function retrySeconds(attempts: number): number {
  return Math.min(300, 5 * 2 ** Math.min(attempts - 1, 10))
}

type Readable = { delivered: Delivered; message: Message }
type Stored = { stored: Delivered[]; faulty: Dead[] }

async function store(ctx: Ctx, queue: IngestQueue, readable: readonly Readable[]): Promise<Stored> {
  if (readable.length === 0) return { stored: [], faulty: [] }
  try {
    const messages = readable.map(({ message }) => message)
    const write = () => ctx.db.with(queue.settings ?? {}).query(storing(queue, queue.store(ctx), messages))
    await inPartitions(ctx, queue.partitions?.(messages) ?? [], write)
    queue.count?.(ctx, messages)
    return { stored: readable.map(({ delivered }) => delivered), faulty: [] }
  } catch (error) {
    if (!isDataError(error)) {
      ctx.log.error('consume', error, { stream: queue.stream, messages: readable.length })
      return { stored: [], faulty: [] }
    }
    const [one, ...more] = readable
    if (one !== undefined && more.length === 0)
      return { stored: [], faulty: [{ delivered: one.delivered, reason: reasonOf(error) }] }
    return storeEach(ctx, queue, readable)
  }
}

/** A batch may meet several tables that lack a partition, one after the other. */
function inPartitions(ctx: Ctx, needed: readonly Needed[], write: () => Promise<unknown>): Promise<unknown> {
  const [table, ...others] = needed
  if (table === undefined) return write()
  return withPartitions(ctx, table, () => inPartitions(ctx, others, write))
}

async function storeEach(ctx: Ctx, queue: IngestQueue, readable: readonly Readable[]): Promise<Stored> {
  const all: Stored = { stored: [], faulty: [] }
  for (const one of readable) {
    const { stored, faulty } = await store(ctx, queue, [one])
    all.stored.push(...stored)
    all.faulty.push(...faulty)
  }
  return all
}

/**
 * Race: a message is delivered twice, or lies in the queue and in Spill, and two consumers have it at once. The second
 * insert waits for the first transaction and then conflicts, so `fresh` and all that follows are empty for it.
 */
export function storing(
  { stream, verb, hot: isHot }: Pick<IngestQueue, 'stream' | 'verb' | 'hot'>,
  items: SQL,
  messages: readonly Message[],
): Statement {
  const statement = named(verb)`
with messages as materialized (${readMessages(messages)}),
fresh as (
  insert into core.ingest_messages (stream, source, n, at, answered, items)
  select ${stream}::text, source, n, at, answered, jsonb_array_length(items)
  from messages
  order by source, n
  on conflict do nothing
  returning source, n, at, answered, items, false as was_dead
),
${storeFresh(stream, items)}
select count(*)::int as messages from fresh`
  return isHot ? hot(verb, statement) : statement
}

/** CTEs: the row stores the `messages` that are `fresh` by its `items`, and core counts them. */
export function storeFresh(stream: string, items: SQL): SQL {
  return sql`
arrived as materialized (
  select f.source, f.n, f.at, m.items, m.shared
  from fresh f
  join messages m using (source, n)
),
${items},
accounted as (select source, n, stored, duplicate, rejected, 0 as dead from outcome),
${counted(stream)}`
}

/** Those that Postgres has kept. The others are delivered again, and fail again. */
async function buried(ctx: Ctx, stream: string, dead: readonly Dead[]): Promise<Delivered[]> {
  if (dead.length === 0) return []
  try {
    await bury(ctx, stream, dead)
    return dead.map(({ delivered }) => delivered)
  } catch (error) {
    ctx.log.error('bury', error, { stream, messages: dead.length })
    return []
  }
}
