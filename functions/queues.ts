import { bury } from './core/bury.ts'
import { consume, type Fate, retrySeconds } from './core/consume.ts'
import type { Ctx } from './core/context.ts'
import type { Delivered, IngestQueue } from './core/ingest-message.ts'
import { keepInSpill, wakeSpill } from './core/spill.ts'
import type { Module } from './http/module.ts'

/** The suffix of a queue of dead letters, as wrangler.toml names it. */
const deadLetters = '-dead'

type Consumer = {
  /** Consumes a batch of any queue, and acknowledges each message by itself. */
  queue: (ctx: Ctx, batch: MessageBatch) => Promise<void>
  /** Lets Spill go on, if its alarms were lost with a workerd that died. Called by the clock. */
  wake: (ctx: Ctx) => Promise<void>
}

/** The queues of these rows. */
export function consumerOf(modules: readonly Module[]): Consumer {
  const queues = modules.flatMap((module) => module.queues ?? [])
  const known = (stream: string): IngestQueue => {
    const queue = queues.find((one) => one.stream === stream)
    if (queue === undefined) throw new Error(`No row receives the queue ${stream}`)
    return queue
  }
  return {
    async queue(ctx, { queue: name, messages }) {
      const delivered = messages.map(({ id, body, attempts }) => ({ id, body, attempts }))
      const isDead = name.endsWith(deadLetters)
      const queue = known(isDead ? name.slice(0, -deadLetters.length) : name)
      const fates = isDead
        ? await keepDead(ctx, queue.stream, delivered)
        : await consume(ctx, queue, delivered)
      for (const [at, message] of messages.entries()) {
        if (fates[at] === 'done') message.ack()
        else message.retry({ delaySeconds: retrySeconds(message.attempts) })
      }
    },
    async wake(ctx) {
      const streams = queues.map(({ stream }) => stream)
      if (streams.length === 0) return
      const kept = await wakeSpill(ctx, streams)
      if (kept > 0) ctx.log.info('spill', { kept })
    },
  }
}

/** The queue delivers a dead letter a limited number of times, so Spill keeps it while Postgres is away. */
async function keepDead(ctx: Ctx, stream: string, delivered: readonly Delivered[]): Promise<Fate[]> {
  const reason = 'retries_exhausted'
  try {
    await bury(
      ctx,
      stream,
      delivered.map((one) => ({ delivered: one, reason })),
    )
    return delivered.map(() => 'done')
  } catch (error) {
    ctx.log.error('dead letters', error, { stream, messages: delivered.length })
    return await keepInSpill(
      ctx,
      stream,
      delivered.map((one) => ({ ...one, reason })),
    ).then(
      () => delivered.map(() => 'done'),
      () => delivered.map(() => 'retry'),
    )
  }
}
