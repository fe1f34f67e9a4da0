import type { Ctx } from '../../core/context.ts'
import type { Env } from '../../registry/env.ts'

type Known = { at: number; share: Promise<number> }

/** One question per second and isolate. */
const known = new WeakMap<Env, Known>()
const keptMs = 1_000
const longestMs = 200

/**
 * The messages that wait, as a share of the most that may wait. A queue that does not say it counts as empty: it takes
 * the messages, or the send fails.
 */
export async function readBacklog(ctx: Ctx): Promise<number> {
  const now = ctx.now().getTime()
  const held = known.get(ctx.env)
  if (held !== undefined && now - held.at < keptMs) return held.share
  const share = askQueue(ctx)
  known.set(ctx.env, { at: now, share })
  return share
}

async function askQueue({ env, log }: Ctx): Promise<number> {
  const queue = env.queues['telemetry']
  if (queue === undefined || !('metrics' in queue)) return 0
  try {
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), longestMs))
    const metrics = await Promise.race([queue.metrics(), late])
    return (metrics?.backlogCount ?? 0) / env.TELEMETRY_BACKLOG
  } catch (error) {
    log.error('backlog', error, { stream: 'telemetry' })
    return 0
  }
}
