/**
 * One attempt to bring an event to its receiver, who is somebody else's server.
 *
 * Guarantee: it ends within `attemptMs`; nothing is sent to a target that is not public at this moment; no redirect is
 * followed; of the answer only status and Retry-After are looked at, its body is not read, so none is too long.
 * How a caller loses: `delivered` only for 2xx; everything else says why. Nothing of the answer is kept.
 */
import { faultNow, type TargetFault } from './target.ts'

export type Sent = {
  outcome:
    | 'delivered'
    | 'gone'
    | 'refused'
    | 'redirect'
    | 'rate_limited'
    | 'timeout'
    | 'network'
    | TargetFault
  status: number | null
  /** What the receiver asked for. */
  retryAfterMs: number | null
  tookMs: number
}

type Attempt = {
  url: string
  headers: Record<string, string>
  body: string
  allowed: readonly string[]
  resolver: string | undefined
}

const attemptMs = 10_000

export async function send({ url, headers, body, allowed, resolver }: Attempt): Promise<Sent> {
  const started = performance.now()
  const signal = AbortSignal.timeout(attemptMs)
  const ended = (outcome: Sent['outcome'], response?: Response): Sent => ({
    outcome,
    status: response?.status ?? null,
    retryAfterMs: response ? retryAfterOf(response.headers) : null,
    tookMs: Math.round(performance.now() - started),
  })
  try {
    const fault = await faultNow(url, { allowed, resolver, signal }).catch(() => 'unresolvable' as const)
    if (fault !== null) return ended(fault)
    const init = {
      method: 'POST',
      headers: { ...headers, ...always },
      body,
      redirect: 'manual',
      signal,
    } as const
    const response = await fetch(url, init)
    await response.body?.cancel().catch(() => undefined)
    return ended(outcomeOf(response.status), response)
  } catch {
    return ended(signal.aborted ? 'timeout' : 'network')
  }
}

const always = { 'content-type': 'application/json', 'user-agent': 'Lockstep-Webhooks/1' }

function outcomeOf(status: number): Sent['outcome'] {
  if (status >= 200 && status < 300) return 'delivered'
  if (status === 410) return 'gone'
  if (status === 429) return 'rate_limited'
  return status >= 300 && status < 400 ? 'redirect' : 'refused'
}

function retryAfterOf(headers: Headers): number | null {
  const value = headers.get('retry-after')
  if (value === null) return null
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}
