/**
 * A run of postbacks to sources: it claims those that are due, calls each by GET and records what came of it.
 *
 * Guarantee: each postback ends as delivered (a 2xx) or as dead, after at most five tries in a day. The postback of a
 * sender that dies is due again. So a source may be called twice for one status of a conversion.
 * How a source loses: it answers no 2xx five times, or once 410. Any number of runs may send at once. Driver: HTTP.
 */
import { pauseMs } from '../../core/backoff.ts'
import type { Ctx } from '../../core/context.ts'
import type { JobResult } from '../../core/job.ts'
import { type Lease, renewLease } from '../../core/lease.ts'
import { send } from '../../core/send.ts'
import { afterTry, postbackPauses } from '../rules.ts'
import { claimPostbacks } from './claim-postbacks.ts'
import { fillTemplate, type Told } from './fill-template.ts'
import { reportTry } from './report-try.ts'

type Claimed = { id: string; tries: number; template: string; told: Told }
type Round = { ended: number; claimed: Claimed[] }

/** A run ends before the next one is due, even with postbacks left. */
const runMs = 50_000
/** Calls at once. Cloudflare allows an invocation six connections, and other jobs of the same minute run in it. */
const callsAtOnce = 2

export async function sendPostbacks(ctx: Ctx, lease: Lease): Promise<JobResult> {
  const begun = ctx.now().getTime()
  const total = { claimed: 0, delivered: 0 }
  for (;;) {
    const [round] = await ctx.db.query<Round>(claimPostbacks())
    const { ended = 0, claimed = [] } = round ?? {}
    total.claimed += claimed.length
    const waiting = claimed.values()
    await Promise.all(
      Array.from({ length: callsAtOnce }, async () => {
        for (const one of waiting) if (await call(ctx, one)) total.delivered += 1
      }),
    )
    // A round may have ended those that stood before the ones to claim.
    if (ended + claimed.length === 0 || ctx.now().getTime() - begun >= runMs) break
    await renewLease(ctx, lease)
  }
  return { rows: total.delivered, ...total, outcome: total.claimed === 0 ? 'skipped' : 'ok' }
}

/** Returns whether it arrived. If the report is lost, the postback stays claimed and is due again later. */
async function call(ctx: Ctx, { id, tries, template, told }: Claimed): Promise<boolean> {
  const { POSTBACK_ALLOW: allowed, DNS_OVER_HTTPS: resolver } = ctx.env
  try {
    const sent = await send({
      url: fillTemplate(template, told),
      headers: { 'user-agent': 'Lockstep-Postbacks/1' },
      body: null,
      allowed,
      resolver,
      longestWaitMs: postbackPauses.longestMs,
    })
    ctx.metrics.count('upstream_requests_total', { upstream: 'postbacks', outcome: sent.outcome })
    const pause = pauseMs(postbackPauses, { tries, random: Math.random(), atLeastMs: sent.retryAfterMs })
    await ctx.db.query(reportTry({ id, tries }, sent, afterTry(sent.outcome, { tries, pauseMs: pause })))
    return sent.outcome === 'delivered'
  } catch (error) {
    ctx.log.error('postback', error, { postback: id, tries })
    return false
  }
}
