import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { faultNow, type TargetFault } from '../../core/target.ts'

const checkMs = 3_000

const explained: Record<TargetFault, string> = {
  not_a_url: 'This is no URL',
  not_https: 'A target must be https',
  has_credentials: 'A target must not contain credentials',
  not_public_name: 'A target must have a public name',
  private_address: 'A target must have a public address',
  unresolvable: 'The name of the target does not resolve',
}

/** Null when events may be sent there. A resolver that does not answer is no reason to refuse: each attempt asks again. */
export async function checkTarget(ctx: Ctx, url: string): Promise<Refused | null> {
  const { WEBHOOK_ALLOW: allowed, DNS_OVER_HTTPS: resolver } = ctx.env
  const signal = AbortSignal.timeout(checkMs)
  const fault = await faultNow(url, { allowed, resolver, signal }).catch(() => null)
  return fault && { ok: false, reason: 'target_refused', detail: explained[fault], fault }
}
