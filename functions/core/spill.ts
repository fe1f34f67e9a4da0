/** The way into Spill, the Durable Objects that keep messages while a queue or Postgres is away: see empty-spill.ts. */
import type { Ctx } from './context.ts'
import { soon } from './send-to-queue.ts'

/** Without `reason` the message goes to the queue again. With it, the message is dead and goes to core.dead_messages. */
export type Kept = { id: string; body: unknown; attempts: number; reason: string | null }

/** An object takes some thousand requests a second. */
const objects = 8

/** Resolves when an object has the messages on its disk. */
export async function keepInSpill(ctx: Ctx, stream: string, kept: readonly Kept[]): Promise<void> {
  const at = Math.floor(Math.random() * objects)
  await soon(objectOf(ctx, stream, at).keep(stream, kept))
}

/**
 * Arms the alarms of the objects that keep messages, and returns the number of those messages. A workerd that died may
 * have lost its alarms, so each tick of the clock calls this.
 */
export async function wakeSpill(ctx: Ctx, streams: readonly string[]): Promise<number> {
  const waking = streams.flatMap((stream) =>
    Array.from({ length: objects }, (_, at) => objectOf(ctx, stream, at).wake()),
  )
  const counts = await Promise.all(waking)
  return counts.reduce((sum, count) => sum + count, 0)
}

function objectOf({ env: { SPILL } }: Ctx, stream: string, at: number) {
  if (SPILL === undefined) throw new Error('No Durable Object is bound as SPILL')
  return SPILL.get(SPILL.idFromName(`${stream}/${at}`))
}
