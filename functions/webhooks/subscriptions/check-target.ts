import type { Ctx } from '../../core/context.ts'
import type { Refused } from '../../core/errors.ts'
import { faultNow, type UrlFault } from '../../core/url-guard.ts'

const checkMs = 3_000

const explained: Record<UrlFault, string> = {
  not_a_url: 'The target is not a URL',
  not_https: 'A target must be https',
  has_credentials: 'A target must not contain credentials',
  not_public_name: 'A target must have a public name',
  private_address: 'A target must have a public address',
  unresolvable: 'The name of the target does not resolve',
}

/** Null when events may be sent to the URL. A resolver that does not answer refuses nothing: each attempt checks again. */
export async function checkTarget(ctx: Ctx, url: string): Promise<Refused | null> {
  const { WEBHOOK_ALLOW: allowed, DNS_OVER_HTTPS: resolver } = ctx.env
  const signal = AbortSignal.timeout(checkMs)
  const fault = await faultNow(url, { allowed, resolver, signal }).catch(() => null)
  return fault && { ok: false, reason: 'target_refused', detail: explained[fault], fault }
}
