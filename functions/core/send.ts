/**
 * One attempt to send a message to a server that a customer named.
 *
 * Guarantee: it ends within `attemptMs`. It sends nothing to an address that is not public at this moment, and it follows
 * no redirect. It reads the status and Retry-After only, never the body, so no response is too long.
 * How a caller loses: only a 2xx is `delivered`; each other outcome says why. Nothing of the response is kept.
 */
import { retryAfterMs } from './retry-after.ts'
import { faultNow, type UrlFault } from './url-guard.ts'

export type Sent = {
  outcome: 'delivered' | 'gone' | 'refused' | 'redirect' | 'rate_limited' | 'timeout' | 'network' | UrlFault
  status: number | null
  /** The pause that the receiver requires, at most `longestWaitMs` of the attempt. */
  retryAfterMs: number | null
  tookMs: number
}

type Attempt = {
  url: string
  headers: Record<string, string>
  /** Null sends a GET without a body. */
  body: string | null
  /** Origins that may be called although they are not public: for tests and development. */
  allowed: readonly string[]
  /** A resolver that answers DNS over HTTPS; without one the platform resolves the name. */
  resolver: string | undefined
  /** The longest pause that a receiver may require. */
  longestWaitMs: number
}

const attemptMs = 10_000

export async function send({ url, headers, body, allowed, resolver, longestWaitMs }: Attempt): Promise<Sent> {
  const started = performance.now()
  const signal = AbortSignal.timeout(attemptMs)
  const ended = (outcome: Sent['outcome'], response?: Response): Sent => ({
    outcome,
    status: response?.status ?? null,
    retryAfterMs: response
      ? retryAfterMs(response.headers, { now: new Date(), atMostMs: longestWaitMs })
      : null,
    tookMs: Math.round(performance.now() - started),
  })
  try {
    const fault = await faultNow(url, { allowed, resolver, signal }).catch(() => 'unresolvable' as const)
    if (fault !== null) return ended(fault)
    const sent = body === null ? { method: 'GET' } : { method: 'POST', body }
    const init = { ...sent, headers, redirect: 'manual', signal } as const
    const response = await fetch(url, init)
    await response.body?.cancel().catch(() => undefined)
    return ended(outcomeOf(response.status), response)
  } catch {
    return ended(signal.aborted ? 'timeout' : 'network')
  }
}

function outcomeOf(status: number): Sent['outcome'] {
  if (status >= 200 && status < 300) return 'delivered'
  if (status === 410) return 'gone'
  if (status === 429) return 'rate_limited'
  return status >= 300 && status < 400 ? 'redirect' : 'refused'
}
