/**
 * Spill: messages wait in Durable Objects while a queue or Postgres is away.
 *
 * Guarantee: a message leaves its object only after the queue or Postgres has it. The object's alarm sends it to the
 * queue again. After SPILL_SECONDS the object stores it by itself, as the consumer would. It buries dead messages.
 * How a caller loses: a message may reach the consumer twice, and out of order. Its number makes the second one a no-op.
 * The caller must call again, later, while messages are left. Driver: HTTP.
 */
import { bury } from './bury.ts'
import { consume } from './consume.ts'
import type { Ctx } from './context.ts'
import type { IngestQueue } from './ingest-message.ts'
import { inBatches, sendToQueue } from './send-to-queue.ts'

/** A message on the disk of an object. `since` is the moment at which the object got it. */
export type Shelved = {
  key: number
  stream: string
  id: string
  body: string
  attempts: number
  reason: string | null
  since: number
}

/** The keys of the messages that have left. */
export async function emptySpill(
  ctx: Ctx,
  queues: readonly IngestQueue[],
  shelved: readonly Shelved[],
): Promise<number[]> {
  const gone: number[] = []
  for (const queue of queues) {
    const mine = shelved.filter(({ stream }) => stream === queue.stream)
    for (const batch of inBatches(mine, ({ body }) => body.length)) {
      gone.push(...(await sendAgain(ctx, queue, batch.filter(isAlive))))
      gone.push(...(await buryAgain(ctx, queue, batch)))
    }
  }
  return gone
}

async function sendAgain(ctx: Ctx, queue: IngestQueue, alive: readonly Shelved[]): Promise<number[]> {
  if (alive.length === 0) return []
  try {
    await sendToQueue(
      ctx,
      queue.stream,
      alive.map(({ body }) => JSON.parse(body)),
    )
    return alive.map(({ key }) => key)
  } catch (error) {
    ctx.log.error('spill', error, { stream: queue.stream, messages: alive.length })
    return storeAlone(ctx, queue, alive)
  }
}

async function storeAlone(ctx: Ctx, queue: IngestQueue, alive: readonly Shelved[]): Promise<number[]> {
  const before = ctx.now().getTime() - ctx.env.SPILL_SECONDS * 1_000
  const due = alive.filter(({ since }) => since <= before)
  if (due.length === 0) return []
  const fates = await consume(ctx, queue, due.map(deliveredOf))
  return due.flatMap(({ key }, at) => (fates[at] === 'done' ? [key] : []))
}

async function buryAgain(ctx: Ctx, queue: IngestQueue, batch: readonly Shelved[]): Promise<number[]> {
  const dead = batch.flatMap((one) =>
    one.reason === null ? [] : [{ delivered: deliveredOf(one), reason: one.reason }],
  )
  if (dead.length === 0) return []
  try {
    await bury(ctx, queue.stream, dead)
    return batch.filter((one) => !isAlive(one)).map(({ key }) => key)
  } catch (error) {
    ctx.log.error('spill', error, { stream: queue.stream, dead: dead.length })
    return []
  }
}

function isAlive({ reason }: Shelved): boolean {
  return reason === null
}

function deliveredOf({ id, body, attempts }: Shelved) {
  return { id, body: JSON.parse(body), attempts }
}
