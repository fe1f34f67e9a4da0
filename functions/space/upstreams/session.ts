import type { SQL } from 'drizzle-orm'
import { failed, type Health } from '../../core/circuit.ts'
import type { Ctx } from '../../core/context.ts'
import { type Answer, type Called, callUpstream, workerRuntime } from '../../core/fetch.ts'
import { readHealth, storeHealth, type UpstreamHealth, unknownUpstream } from './health.ts'
import { type KeptAnswer, storeAnswers, withHash, withoutKeys } from './kept-answer.ts'
import type { Parsed } from './lenient.ts'
import { serviceOf, type UpstreamName } from './services.ts'

/** `quarantined`: the upstream answered with success, but its content failed validation. */
export type Reply<T> = { ok: true; value: T } | { ok: false; reason: string; quarantined: boolean }

/**
 * All calls that one run of a job makes to its upstreams. The session reads their health first, and collects every answer
 * and every change of health. It writes nothing itself: the job executes `records()` together with its own writes.
 */
export type UpstreamSession = {
  /** An answer that `parse` refuses is quarantined and counts as a failure of the upstream. */
  call<T>(upstream: UpstreamName, request: string, parse: (body: string) => Parsed<T>): Promise<Reply<T>>
  /** The last failure of each upstream that failed. */
  faults(): Partial<Record<UpstreamName, string>>
  quarantined(): number
  /** Statements that store answers and health. Each call returns only the news since the call before. */
  records(): SQL[]
}

export async function openSession(
  ctx: Ctx,
  upstreams: readonly UpstreamName[],
  { budgetMs }: { budgetMs: number },
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

  async function call<T>(
    upstream: UpstreamName,
    request: string,
    parse: (body: string) => Parsed<T>,
  ): Promise<Reply<T>> {
    const service = serviceOf(upstream, ctx.env)
    const { failures, openUntil } = healthOf(upstream)
    const called = await callUpstream(
      service,
      {
        url: `${service.origin}${request}`,
        headers: { ...politeHeaders, ...(service.keyed && { 'x-api-key': ctx.env.NASA_API_KEY }) },
        health: { ...quotaOf(healthOf(service.account)), failures, openUntil },
        budgetMs: deadline - ctx.now().getTime(),
      },
      { ...workerRuntime, now: ctx.now },
    )
    const answer = called.answer && withoutKeys(called.answer, ctx.env.NASA_API_KEY)
    const reply = replyOf(called, answer, parse)
    if (called.attempts > 0) {
      // A successful answer that cannot be used is a failure of the upstream, too.
      const health = called.ok && !reply.ok ? failed(called.health, ctx.now()) : called.health
      update(service.account, quotaOf(health))
      update(upstream, {
        failures: health.failures,
        openUntil: health.openUntil,
        ...lastSeen(reply, ctx.now()),
      })
    }
    const reason = reply.ok ? null : reply.reason
    if (answer) answers.push(await withHash({ upstream, request, reason }, answer))
    if (reason !== null) faults[upstream] = reason
    if (!reply.ok && reply.quarantined) quarantined += 1
    return reply
  }

  function records(): SQL[] {
    const statements = [
      ...(changed.size > 0 ? [storeHealth(changed)] : []),
      ...(answers.length > 0 ? [storeAnswers(answers)] : []),
    ]
    changed.clear()
    answers = []
    return statements
  }

  return { call, records, faults: () => faults, quarantined: () => quarantined }
}

function replyOf<T>(called: Called, answer: Answer | null, parse: (body: string) => Parsed<T>): Reply<T> {
  if (!called.ok)
    return {
      ok: false,
      reason: `${called.reason}: ${called.detail}`,
      quarantined: called.reason === 'unusable',
    }
  const parsed = parse(answer?.body ?? '')
  return parsed.ok ? parsed : { ...parsed, quarantined: true }
}

const politeHeaders = { accept: 'application/json', 'user-agent': 'lockstep' }

function quotaOf({ quotaLimit, quotaLeft, quotaUntil }: Health) {
  return { quotaLimit, quotaLeft, quotaUntil }
}

function lastSeen(reply: Reply<unknown>, now: Date): Partial<UpstreamHealth> {
  return reply.ok ? { lastOkAt: now } : { lastErrorAt: now, lastError: reply.reason }
}
