import type { SQL } from 'drizzle-orm'
import { failed, type Health } from '../../core/circuit.ts'
import type { Ctx } from '../../core/context.ts'
import { type Answer, type Called, callUpstream, workerRuntime } from '../../core/fetch.ts'
import { forgotten, keepHealth, type Remembered, rememberHealth } from './health.ts'
import { type KeptAnswer, keepAnswers, keepable, withoutKeys } from './kept-answer.ts'
import type { Parsed } from './lenient.ts'
import { serviceOf, type UpstreamName } from './services.ts'

/** `quarantined`: the upstream answered in good order, with something that is not what it should be. */
export type Told<T> = { ok: true; value: T } | { ok: false; reason: string; quarantined: boolean }

/**
 * A job's talk with its upstreams: it knows how each fared before, keeps every answer with what became of it, and ends
 * in the statements that store both. Nothing is written while it goes on.
 */
export type Conversation = {
  /** What `parse` refuses is kept as quarantined and counts as a failure of the upstream. */
  ask<T>(upstream: UpstreamName, request: string, parse: (body: string) => Parsed<T>): Promise<Told<T>>
  /** Why an upstream gave nothing, the last time it did not. */
  faults(): Partial<Record<UpstreamName, string>>
  quarantined(): number
  /** To be executed with what came of the talk; each call gives what is new since the last. */
  records(): SQL[]
}

export async function converse(
  ctx: Ctx,
  upstreams: readonly UpstreamName[],
  { budgetMs }: { budgetMs: number },
): Promise<Conversation> {
  const accounts = upstreams.map((name) => serviceOf(name, ctx.env).account)
  const known = await rememberHealth(ctx, [...upstreams, ...accounts])
  const deadline = ctx.now().getTime() + budgetMs
  const changed = new Map<string, Remembered>()
  const faults: Partial<Record<UpstreamName, string>> = {}
  let answers: KeptAnswer[] = []
  let quarantined = 0

  const recall = (name: string) => known.get(name) ?? forgotten
  function learn(name: string, news: Partial<Remembered>): void {
    const state = { ...recall(name), ...news }
    known.set(name, state)
    changed.set(name, state)
  }

  async function ask<T>(
    upstream: UpstreamName,
    request: string,
    parse: (body: string) => Parsed<T>,
  ): Promise<Told<T>> {
    const service = serviceOf(upstream, ctx.env)
    const { failures, openUntil } = recall(upstream)
    const called = await callUpstream(
      service,
      {
        url: `${service.origin}${request}`,
        headers: { ...politeHeaders, ...(service.keyed && { 'x-api-key': ctx.env.NASA_API_KEY }) },
        health: { ...quotaOf(recall(service.account)), failures, openUntil },
        budgetMs: deadline - ctx.now().getTime(),
      },
      { ...workerRuntime, now: ctx.now },
    )
    const answer = called.answer && withoutKeys(called.answer, ctx.env.NASA_API_KEY)
    const told = toldBy(called, answer, parse)
    if (called.attempts > 0) {
      // An answer that came in good order but cannot be used is a failure all the same.
      const health = called.ok && !told.ok ? failed(called.health, ctx.now()) : called.health
      learn(service.account, quotaOf(health))
      learn(upstream, { failures: health.failures, openUntil: health.openUntil, ...seen(told, ctx.now()) })
    }
    const reason = told.ok ? null : told.reason
    if (answer) answers.push(await keepable({ upstream, request, reason }, answer))
    if (reason !== null) faults[upstream] = reason
    if (!told.ok && told.quarantined) quarantined += 1
    return told
  }

  function records(): SQL[] {
    const statements = [
      ...(changed.size > 0 ? [keepHealth(changed)] : []),
      ...(answers.length > 0 ? [keepAnswers(answers)] : []),
    ]
    changed.clear()
    answers = []
    return statements
  }

  return { ask, records, faults: () => faults, quarantined: () => quarantined }
}

function toldBy<T>(called: Called, answer: Answer | null, parse: (body: string) => Parsed<T>): Told<T> {
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

function seen(told: Told<unknown>, now: Date): Partial<Remembered> {
  return told.ok ? { lastOkAt: now } : { lastErrorAt: now, lastError: told.reason }
}
