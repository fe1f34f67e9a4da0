import type { Ctx } from '../../core/context.ts'
import { AppError } from '../../core/errors.ts'
import type { Matter } from '../../core/matter.ts'
import { within } from '../../core/within.ts'
import { checkReadiness } from './check-readiness.ts'
import type { Readiness } from './contract.ts'

/** `keptMs`: from its begin, for how long its answer is given. */
type Check = { begunAt: number; keptMs: number; done: Promise<Readiness> }

const readyMs = 1_000
/** A Worker that is not ready receives no requests, so its recovery must be seen sooner. */
const unreadyMs = 250
/** Beside a check that has not ended by then another one begins, because the request of the first may have died. */
const joinedMs = 1_000
const turns = 10

/**
 * The state of the dependencies, at most a second old. Everyone who asks meanwhile shares one check, so any number of probes
 * costs Postgres one check a second and isolate, and four while it fails.
 */
export function keepReadiness(
  ofRows: readonly ((ctx: Ctx) => Promise<Matter[]>)[],
): (ctx: Ctx) => Promise<Readiness> {
  let last: Check | null = null

  function begin(ctx: Ctx, begunAt: number): Check {
    const check: Check = { begunAt, keptMs: joinedMs, done: checkReadiness(ctx, ofRows) }
    const keep = check.done.then(
      ({ ready }) => void (check.keptMs = ready ? readyMs : unreadyMs),
      () => void (check.keptMs = 0),
    )
    // A client that leaves does not take along the answer for which others wait.
    ctx.waitUntil(keep)
    return check
  }

  return async (ctx) => {
    const joined = new Set<Promise<Readiness>>()
    for (let turn = 0; turn < turns; turn += 1) {
      const now = ctx.now().getTime()
      if (last === null || now - last.begunAt >= last.keptMs) last = begin(ctx, now)
      joined.add(last.done)
      // The first one is waited for, too: each check may take longer than a turn.
      const answer = await within(Promise.race(joined), joinedMs)
      if (answer !== 'late') return answer
    }
    throw new AppError('unavailable', 'The dependencies did not answer in time', {
      retryAfter: 1,
      cause: new Error(`No check of the dependencies ended within ${(turns * joinedMs) / 1_000} s`),
    })
  }
}
