import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import type { LatLng } from './geometry.ts'
import { type Pass, passesOver } from './passes.ts'
import { type Prediction, predict } from './prediction.ts'

type Search = { observer: LatLng; days: number; minElevation: number; visibleOnly: boolean }

export function predictPasses(
  ctx: Ctx,
  { observer, days, ...search }: Search,
): Promise<Prediction<Pass> | Refused | null> {
  const from = ctx.now()
  const until = new Date(from.getTime() + days * 86_400_000)
  return predict(ctx, { from, until, atNow: true }, (orbit) =>
    passesOver(orbit, observer, { from, to: until, ...search }),
  )
}
