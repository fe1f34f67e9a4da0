import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import type { Matter } from '../../core/matter.ts'
import { within } from '../../core/within.ts'
import { checkReadiness } from './check-readiness.ts'
import type { Readiness } from './contract.ts'

type Check = { begunAt: number; ended: boolean; done: Promise<Readiness> }

/** An answer of this age is given again. */
const keptMs = 1_000
/** A check that has not ended by then gives way to another one, because its request may have died. */
const joinedMs = 2_000
const turns = 5

/**
 * The state of the dependencies, at most a second old. Everyone who asks meanwhile shares one check, so any number of probes
 * costs Postgres one check a second and isolate.
 */
export function keepReadiness(
  ofRows: readonly ((ctx: Ctx) => Promise<Matter[]>)[],
): (ctx: Ctx) => Promise<Readiness> {
  let last: Check | null = null

  function begin(ctx: Ctx, begunAt: number): Check {
    const check: Check = { begunAt, ended: false, done: checkReadiness(ctx, ofRows) }
    const ending = check.done.finally(() => {
      check.ended = true
    })
    // A client that leaves does not take along the answer for which others wait.
    ctx.waitUntil(ending.catch(() => undefined))
    return check
  }

  return async (ctx) => {
    for (let turn = 0; turn < turns; turn += 1) {
      const now = ctx.now().getTime()
      if (last === null || now - last.begunAt >= (last.ended ? keptMs : joinedMs)) last = begin(ctx, now)
      const answer = await within(last.done, joinedMs)
      if (answer !== 'late') return answer
    }
    throw new AppError('unavailable', 'The dependencies did not answer in time', { retryAfter: 1 })
  }
}
