import type { Ctx } from '../../core/context.ts'
import { readDepth } from './read-depth.ts'

/**
 * The messages that wait, as a share of the most that may wait. A queue that does not say it counts as empty: it takes
 * the messages, or the send fails.
 */
export async function readBacklog(ctx: Ctx): Promise<number> {
  return ((await readDepth(ctx)) ?? 0) / ctx.env.TELEMETRY_BACKLOG
}
