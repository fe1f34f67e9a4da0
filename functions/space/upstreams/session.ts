import { failed, type Health, healed } from '../../core/circuit.ts'
import type { Ctx } from '../../core/context.ts'
import { type Answer, type Called, callUpstream, workerRuntime } from '../../core/fetch.ts'
import type { Statement } from '../../core/named.ts'
import { readHealth, storeHealth, type UpstreamHealth, unknownUpstream } from './health.ts'
import { type KeptAnswer, storeAnswers, withHash, withoutKeys } from './kept-answer.ts'
import type { Parsed } from './lenient.ts'
import { serviceOf, type UpstreamName } from './services.ts'

/**
 * `quarantined`: the upstream answered with success, but its content failed validation. `called`: false if no call was
 * possible, because the circuit is open, the quota is used up or the run has no time left.
 */
export type Reply<T> =
  | { ok: true; value: T; odd?: readonly string[] }
  | { ok: false; reason: string; quarantined: boolean; called: boolean }

type Parse<T> = (body: string) => Parsed<T>

/**
 * All calls that one run of a job makes to its upstreams. The session reads their health first, and collects every answer
 * and every change of health. It writes nothing itself: the job executes `records()` together with its own writes.
 * `quotaTaken`: the caller has taken its call from the stored quota.
 */
export type UpstreamSession = {
  /**
   * An answer that `parse` refuses is quarantined and counts as a failure of the upstream. Elements of a list that it leaves
   * out are quarantined as well, and count for nothing.
   */
  call<T>(upstream: UpstreamName, request: string, parse: Parse<T>): Promise<Reply<T>>
  /** For one of many objects: a 404, or an object that `parse` refuses, shows that the upstream itself works. */
  callForPart<T>(upstream: UpstreamName, request: string, parse: Parse<T>): Promise<Reply<T>>
  /** The last failure of each upstream that failed. */
  faults(): Partial<Record<UpstreamName, string>>
  /** Answers, and elements of lists. */
  quarantined(): number
  /** Statements that store answers and health. Each call returns only the news since the call before. */
  records(): Statement[]
}

export async function openSession(
  ctx: Ctx,
  upstreams: readonly UpstreamName[],
  { budgetMs, quotaTaken = false }: { budgetMs: number; quotaTaken?: boolean },
): Promise<UpstreamSession> {
  const accounts = upstreams.map((name) => serviceOf(name, ctx.env).account)
  const known = await readHealth(ctx, [...upstreams, ...accounts])
  const deadline = ctx.now().getTime() + budgetMs
  const changed = new Map<string, UpstreamHealth>()
  const faults: Partial<Record<UpstreamName, string>> = {}
  let answers: KeptAnswer[] = []
  let quarantined = 0

  const healthOf = (name: string) => known.get(name) ?? unknownUpstream
  function update(name: string, news: Partial<UpstreamHealth>): void {
    const health = { ...healthOf(name), ...news }
    known.set(name, health)
    changed.set(name, health)
  }

  type Request<T> = { upstream: UpstreamName; request: string; parse: Parse<T>; part: boolean }

  async function send<T>({ upstream, request, parse, part }: Request<T>): Promise<Reply<T>> {
    const service = serviceOf(upstream, ctx.env)
    const { failures, openUntil } = healthOf(upstream)
    const began = ctx.now().getTime()
    const budgetMs = deadline - began
    if (budgetMs <= 0) return { ok: false, reason: 'no time left', quarantined: false, called: false }
    const called = await callUpstream(
      service,
      {
        url: `${service.origin}${request}`,
        headers: { ...politeHeaders, ...(service.keyed && { 'x-api-key': ctx.env.NASA_API_KEY }) },
        health: { ...quotaOf(healthOf(service.account)), failures, openUntil },
        budgetMs,
      },
      { ...workerRuntime, now: ctx.now },
    )
    const outcome = called.ok ? 'ok' : called.reason
    ctx.metrics.count('upstream_requests_total', { upstream, outcome })
    ctx.metrics.observe(
      'upstream_request_duration_seconds',
      { upstream },
      (ctx.now().getTime() - began) / 1_000,
    )
    const answer = called.answer && withoutKeys(called.answer, ctx.env.NASA_API_KEY)
    const reply = replyOf(called, answer, parse)
    if (called.attempts > 0) {
      const health = healthAfter(called, { sound: reply.ok, part, now: ctx.now() })
      update(service.account, quotaOf(health))
      update(upstream, {
        failures: health.failures,
        openUntil: health.openUntil,
        ...lastSeen(reply, ctx.now()),
      })
    }
    if (answer) answers.push(await withHash({ upstream, request, ...verdictOn(reply) }, answer))
    if (!reply.ok) faults[upstream] = reply.reason
    quarantined += reply.ok ? (reply.odd?.length ?? 0) : Number(reply.quarantined)
    return reply
  }

  function records(): Statement[] {
    const statements = [
      ...(changed.size > 0 ? [storeHealth(changed, { quotaTaken })] : []),
      ...(answers.length > 0 ? [storeAnswers(answers)] : []),
    ]
    changed.clear()
    answers = []
    return statements
  }

  return {
    call: (upstream, request, parse) => send({ upstream, request, parse, part: false }),
    callForPart: (upstream, request, parse) => send({ upstream, request, parse, part: true }),
    records,
    faults: () => faults,
    quarantined: () => quarantined,
  }
}

function replyOf<T>(called: Called, answer: Answer | null, parse: Parse<T>): Reply<T> {
  if (!called.ok)
    return {
      ok: false,
      reason: `${called.reason}: ${called.detail}`,
      quarantined: called.reason === 'unusable',
      called: called.attempts > 0,
    }
  const parsed = parse(answer?.body ?? '')
  return parsed.ok ? parsed : { ...parsed, quarantined: true, called: true }
}

/** A successful answer that cannot be used is a failure of the upstream, too, unless only one object of many is odd. */
function healthAfter(
  called: Called,
  { sound, part, now }: { sound: boolean; part: boolean; now: Date },
): Health {
  if (called.ok && (sound || part)) return called.health
  if (part && called.answer !== null && [404, 410].includes(called.answer.status))
    return healed(called.health)
  return called.ok ? failed(called.health, now) : called.health
}

/** A reason names each kind of fault once. */
function verdictOn(reply: Reply<unknown>): Pick<KeptAnswer, 'verdict' | 'reason'> {
  if (!reply.ok) return { verdict: 'quarantined', reason: reply.reason }
  const { odd = [] } = reply
  if (odd.length === 0) return { verdict: 'accepted', reason: null }
  const kinds = [...new Set(odd)].join(', ').slice(0, 500)
  return { verdict: 'partial', reason: `${odd.length} left out: ${kinds}` }
}

const politeHeaders = { accept: 'application/json', 'user-agent': 'lockstep' }

function quotaOf({ quotaLimit, quotaLeft, quotaUntil }: Health) {
  return { quotaLimit, quotaLeft, quotaUntil }
}

function lastSeen(reply: Reply<unknown>, now: Date): Partial<UpstreamHealth> {
  return reply.ok ? { lastOkAt: now } : { lastErrorAt: now, lastError: reply.reason }
}
