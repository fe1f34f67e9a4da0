import type { Ctx } from './context.ts'
import { orTooLate } from './within.ts'

/** A batch may have 100 messages and 256 kB. */
const limits = { sendMs: 2_000, batchBytes: 200_000, batchMessages: 100 }

/** Throws when the queue refuses, hangs for two seconds or is not bound to the Worker. */
export async function sendToQueue({ env }: Ctx, stream: string, bodies: readonly unknown[]): Promise<void> {
  const queue = env.queues[stream]
  if (queue === undefined) throw new Error(`No queue is bound for the stream ${stream}`)
  await soon(queue.sendBatch(bodies.map((body) => ({ body, contentType: 'json' }))))
}

/** Two seconds are enough: a queue was seen to hang for a minute (workerd issue 6053). */
export function soon<T>(work: Promise<T>): Promise<T> {
  return orTooLate(work, limits.sendMs)
}

/** Splits messages into batches that a queue takes. */
export function inBatches<T>(messages: readonly T[], bytesOf: (message: T) => number): T[][] {
  const batches: T[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const message of messages) {
    const size = bytesOf(message)
    if (bytes + size > limits.batchBytes || (batches.at(-1)?.length ?? 0) >= limits.batchMessages) {
      batches.push([])
      bytes = 0
    }
    batches.at(-1)?.push(message)
    bytes += size
  }
  return batches
}
