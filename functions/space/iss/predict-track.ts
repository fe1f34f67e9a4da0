import type { Ctx } from '../../core/context.ts'
import { type Place, trackOf } from './orbit.ts'
import { type Prediction, predict } from './prediction.ts'

type Track = { from: Date; minutes: number; stepSeconds: number }

export function predictTrack(
  ctx: Ctx,
  { from, minutes, stepSeconds }: Track,
): Promise<Prediction<Place> | null> {
  const until = new Date(from.getTime() + minutes * 60_000)
  return predict(ctx, { from, until }, (orbit) => trackOf(orbit, from, { minutes, stepSeconds }))
}
