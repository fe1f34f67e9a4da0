/**
 * Accounted ingest: items leave an isolate in numbered messages, and every answered item is stored or named as missing.
 *
 * Guarantee: each message carries its isolate (`source`), its number `n` and the running total `answered`. So a message
 * that never arrives shows as a gap between two totals, with isolate and time. A queue that refuses, or takes 2 s, loses
 * nothing: the message goes to the Durable Object Spill. The same (source, n) sent twice is stored once.
 * How a caller loses: `ingestDurably` throws `queue_unavailable` when neither queue nor Spill accepts the items. They stay
 * in the isolate and are sent with its next message. A dying isolate loses the items of its last 20 ms, and nobody sees
 * it, because the total travels with the next message. The same holds for a message that is lost after being the last.
 * The caller must pass items of at most 100 kB, and give each an id if its client may send it twice. Driver: none.
 */
import type { Env } from '../registry/env.ts'
import type { Ctx } from './context.ts'
import { AppError } from './errors.ts'
import type { Message } from './ingest-message.ts'
import { inBatches, sendToQueue } from './send-to-queue.ts'
import { keepInSpill } from './spill.ts'

/** 128 kB is the limit of a message, and 64 kB is one billed operation. */
const limits = { gatherMs: 20, messageBytes: 60_000, itemBytes: 100_000 }
/** Unsent messages that an isolate keeps, when the queue and Spill both refuse. */
const heldMessages = 100
/** An isolate that lives longer takes a new name, so that retention can remove all messages of a source at once. */
const sourceMs = 24 * 60 * 60 * 1_000

type Options = {
  maxItems?: number
  /** JSON that all of these items share. It travels once per message, and no other items join that message. */
  shared?: unknown
}

/** Queues the items within 20 ms, in the request's `waitUntil`. The caller waits for nothing. */
export function ingest(ctx: Ctx, stream: string, items: readonly unknown[], options: Options = {}): void {
  const sender = senderOf(ctx.env, stream)
  const now = ctx.now().getTime()
  gather(sender, items, { now, ...options })
  // The first request sends for all. A request that was cancelled never sent, so a later one takes over.
  if (sender.sendsAt !== null && now < sender.sendsAt + 1_000) return
  sender.sendsAt = now + limits.gatherMs
  ctx.waitUntil(
    pause(limits.gatherMs)
      .then(() => send(ctx, stream, sender))
      .catch((error: unknown) => ctx.log.error('ingest', error, { stream })),
  )
}

/** Resolves when the queue or Spill has accepted the items. */
export async function ingestDurably(
  ctx: Ctx,
  stream: string,
  items: readonly unknown[],
  options: Options = {},
): Promise<void> {
  const sender = senderOf(ctx.env, stream)
  gather(sender, items, { now: ctx.now().getTime(), ...options })
  // It sends at once, because a request must not wait for the output of another one.
  const sending = send(ctx, stream, sender)
  ctx.waitUntil(sending.catch(() => undefined))
  await sending
}

type Sender = {
  source: string
  since: number
  n: number
  answered: number
  open: { items: unknown[]; bytes: number; shared: unknown }
  closed: Message[]
  /** When a request will send, as it promised. */
  sendsAt: number | null
}

/** One per isolate and stream: the environment is parsed once per isolate. */
const senders = new WeakMap<Env, Map<string, Sender>>()

function senderOf(env: Env, stream: string): Sender {
  const known = senders.get(env) ?? new Map<string, Sender>()
  senders.set(env, known)
  const sender = known.get(stream) ?? newSender()
  known.set(stream, sender)
  return sender
}

function newSender(): Sender {
  return { ...newSource(0), open: { items: [], bytes: 0, shared: undefined }, closed: [], sendsAt: null }
}

function newSource(now: number): Pick<Sender, 'source' | 'since' | 'n' | 'answered'> {
  return { source: crypto.randomUUID(), since: now, n: 0, answered: 0 }
}

type Gathering = Options & { now: number }

function gather(sender: Sender, items: readonly unknown[], { now, maxItems = 50, shared }: Gathering): void {
  const sized = items.map((item) => ({ item, bytes: bytesOf(item) }))
  const sharedBytes = shared === undefined ? 0 : bytesOf(shared)
  for (const { item, bytes } of sized) {
    const { open } = sender
    const isFull = open.items.length >= maxItems || open.bytes + bytes > limits.messageBytes
    if (isFull || open.shared !== shared) close(sender, now)
    if (sender.open.items.length === 0) sender.open = { items: [], bytes: sharedBytes, shared }
    sender.open.items.push(item)
    sender.open.bytes += bytes
  }
}

function bytesOf(item: unknown): number {
  const bytes = new TextEncoder().encode(JSON.stringify(item)).length + 1
  if (bytes > limits.itemBytes) throw new Error(`An item has ${bytes} bytes, more than a message takes`)
  return bytes
}

/** Number and total are taken together, with no wait between them. */
function close(sender: Sender, now: number): void {
  const { items, shared } = sender.open
  if (items.length === 0) return
  if (now - sender.since > sourceMs) Object.assign(sender, newSource(now))
  sender.n += 1
  sender.answered += items.length
  const { source, n, answered } = sender
  sender.closed.push({
    v: 1,
    source,
    n,
    at: new Date(now).toISOString(),
    answered,
    items,
    ...(shared === undefined ? {} : { shared }),
  })
  sender.open = { items: [], bytes: 0, shared: undefined }
}

async function send(ctx: Ctx, stream: string, sender: Sender): Promise<void> {
  close(sender, ctx.now().getTime())
  sender.sendsAt = null
  const results = await Promise.allSettled(
    inBatches(sender.closed.splice(0), bytesOf).map(async (messages) => {
      await sendOrSpill(ctx, stream, messages).catch((error: unknown) => {
        sender.closed.unshift(...messages)
        throw error
      })
    }),
  )
  const lost = sender.closed.splice(0, sender.closed.length - heldMessages)
  if (lost.length > 0)
    ctx.log.error('ingest', 'The isolate holds too many unsent messages', { stream, lost: lost.length })
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return
  throw new AppError('queue_unavailable', 'The items were not accepted: send the request again', {
    retryAfter: 5,
    outcome: 'unknown',
    cause: failed.reason,
  })
}

async function sendOrSpill(ctx: Ctx, stream: string, messages: readonly Message[]): Promise<void> {
  try {
    await sendToQueue(ctx, stream, messages)
  } catch (error) {
    ctx.log.error('queue', error, { stream, messages: messages.length })
    ctx.metrics.count('queue_rejected_total', { queue: stream, reason: 'unavailable' }, messages.length)
    const kept = messages.map((body) => ({ id: `${body.source}/${body.n}`, body, attempts: 0, reason: null }))
    await keepInSpill(ctx, stream, kept)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
