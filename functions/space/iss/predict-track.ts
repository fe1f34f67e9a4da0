import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { type Place, trackOf } from './orbit.ts'
import { type Prediction, predict } from './prediction.ts'

/** `from`: null is now. */
type Track = { from: Date | null; minutes: number; stepSeconds: number }

export function predictTrack(
  ctx: Ctx,
  { from: chosen, minutes, stepSeconds }: Track,
): Promise<Prediction<Place> | Refused | null> {
  const from = chosen ?? ctx.now()
  const until = new Date(from.getTime() + minutes * 60_000)
  return predict(ctx, { from, until, atNow: chosen === null }, (orbit) =>
    trackOf(orbit, from, { minutes, stepSeconds }),
  )
}
