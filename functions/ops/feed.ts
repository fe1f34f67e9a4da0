import type { Ctx } from '../core/context.ts'
import { followLive } from './live/follow.ts'

/** The live figures of the system, read anew in each round while somebody listens. */
export function liveFigures(ctx: Ctx): (round: number) => Promise<object> {
  return followLive(ctx)
}
