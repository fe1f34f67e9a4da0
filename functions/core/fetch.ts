/**
 * Calls an outside server and never trusts it.
 *
 * Guarantee: a call ends within `budgetMs`, an attempt within `timeoutMs` including its body. At most `retries` further
 * attempts follow, only after a network fault, 5xx, 429 or unusable content, and they honour Retry-After (up to a day). A
 * body is read up to `maxBytes` and no further. Redirects are not followed. A reason never contains a part of a URL or header.
 * With an open circuit or no quota left there is no call at all (core/circuit.ts).
 * How a caller loses: `{ ok: false, reason }`; the last good data remains the caller's to keep.
 * The caller must keep `health` between calls (it is plain data), and parse the answer as untrusted input.
 */
import { failed, type Health, healed, shutReason, withQuota } from './circuit.ts'
import { isJson } from './is-json.ts'
import { retryAfterMs } from './retry-after.ts'

export type Upstream = {
  name: string
  timeoutMs: number
  maxBytes: number
  /** Further attempts after the first; 2 at most. */
  retries?: 0 | 1 | 2
  /** The mean pause before the second attempt; doubles with the third. A quarter of a second, unless said otherwise. */
  backoffMs?: number
  /** The reason why the body is unusable, or null. A status proves nothing about content: HTML arrives with 200. */
  unusable(body: string): string | null
  /** True for an answer that is meaningful despite a failing status. It is not retried and does not count as a failure. */
  meansSomething?(answer: Answer): boolean
}

export type Answer = { status: number; contentType: string; body: string }

export type FetchFault =
  | 'circuit_open'
  | 'quota_exhausted'
  | 'network'
  | 'timeout'
  | 'too_large'
  | 'redirect'
  | 'rate_limited'
  | 'server_error'
  | 'refused'
  | 'unusable'

type Outcome =
  | { ok: true; answer: Answer }
  | { ok: false; reason: FetchFault; detail: string; answer: Answer | null }

export type Called = Outcome & { attempts: number; health: Health }

/** The side effects that a call uses; tests pass their own. */
export type Runtime = {
  fetch: (url: string, init: RequestInit) => Promise<Response>
  now(): Date
  sleep(ms: number): Promise<void>
  random(): number
}

export const workerRuntime: Runtime = {
  fetch: (url, init) => fetch(url, init),
  now: () => new Date(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
}

type Call = { url: string; headers?: Record<string, string>; health: Health; budgetMs: number }

export async function callUpstream(
  upstream: Upstream,
  { url, headers = {}, health, budgetMs }: Call,
  runtime: Runtime = workerRuntime,
): Promise<Called> {
  const shut = shutReason(health, runtime.now())
  if (shut) return { ok: false, ...shut, answer: null, attempts: 0, health }
  const deadline = runtime.now().getTime() + budgetMs
  const left = () => deadline - runtime.now().getTime()
  // An open circuit whose pause is over lets one attempt through.
  const most = health.openUntil === null ? 1 + (upstream.retries ?? 2) : 1
  let known = health
  for (let attempts = 1; ; attempts += 1) {
    const timeoutMs = Math.min(upstream.timeoutMs, left())
    const {
      outcome,
      headers: answered,
      waitMs,
    } = await attempt(upstream, { url, headers, timeoutMs }, runtime)
    const rateLimited = !outcome.ok && outcome.reason === 'rate_limited'
    known = withQuota(known, { headers: answered, retryAfterMs: rateLimited ? waitMs : null }, runtime.now())
    if (outcome.ok) return { ...outcome, attempts, health: healed(known) }
    const pauseMs = waitMs ?? (upstream.backoffMs ?? 250) * 2 ** (attempts - 1) * (0.5 + runtime.random())
    const allowedThen = shutReason(known, new Date(runtime.now().getTime() + pauseMs)) === null
    if (!retryable.has(outcome.reason) || attempts >= most || pauseMs >= left() || !allowedThen)
      return { ...outcome, attempts, health: failed(known, runtime.now()) }
    await runtime.sleep(pauseMs)
  }
}

const retryable = new Set<FetchFault>(['network', 'timeout', 'rate_limited', 'server_error', 'unusable'])

/** For upstreams that promise JSON. */
export function notJson(body: string): string | null {
  if (body.trim() === '') return 'an empty body'
  if (/^\s*</.test(body)) return 'HTML in place of JSON'
  return isJson(body) ? null : 'text that is not JSON, or cut short'
}

type Tried = { outcome: Outcome; headers: Headers | null; waitMs: number | null }

/** The longest window of a quota that an upstream announced was sixteen hours. */
const longestWaitMs = 86_400_000

async function attempt(
  upstream: Upstream,
  { url, headers, timeoutMs }: { url: string; headers: Record<string, string>; timeoutMs: number },
  runtime: Runtime,
): Promise<Tried> {
  const signal = AbortSignal.timeout(Math.max(1, timeoutMs))
  try {
    // `manual`: a redirect could lead anywhere, and workerd does not know `error`.
    const response = await runtime.fetch(url, { headers, signal, redirect: 'manual' })
    const body = await bodyUpTo(response, upstream.maxBytes)
    const contentType = response.headers.get('content-type') ?? ''
    const outcome =
      body === null
        ? fault('too_large', `more than ${upstream.maxBytes} bytes`)
        : decide(upstream, { status: response.status, contentType, body })
    const waitMs = retryAfterMs(response.headers, { now: runtime.now(), atMostMs: longestWaitMs })
    return { outcome, headers: response.headers, waitMs }
  } catch (error) {
    const outcome = signal.aborted
      ? fault('timeout', `no whole answer within ${Math.round(timeoutMs)} ms`)
      : fault('network', kindOf(error))
    return { outcome, headers: null, waitMs: null }
  }
}

function decide(upstream: Upstream, answer: Answer): Outcome {
  const { status } = answer
  if (upstream.meansSomething?.(answer)) return { ok: true, answer }
  if (status === 429) return fault('rate_limited', 'status 429', answer)
  if (status >= 500) return fault('server_error', `status ${status}`, answer)
  if (status >= 300 && status < 400) return fault('redirect', `status ${status}`, answer)
  if (status !== 200) return fault('refused', `status ${status}`, answer)
  const unusable = upstream.unusable(answer.body)
  return unusable === null ? { ok: true, answer } : fault('unusable', unusable, answer)
}

function fault(reason: FetchFault, detail: string, answer: Answer | null = null): Outcome {
  return { ok: false, reason, detail, answer }
}

/** Null when the body is longer. The rest is never read, because an endless body must not fill 128 MB of memory. */
async function bodyUpTo(response: Response, maxBytes: number): Promise<string | null> {
  if (!response.body) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => undefined)
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** The message of a network error may contain the URL, so only its kind is kept. */
function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown fault'
}
