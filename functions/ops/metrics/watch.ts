import { cacheStatistics } from '../../core/cache.ts'
import type { Ctx } from '../../core/context.ts'
import { countOf, type Gathered, quantileOf, readGathered, type Series, sumOf } from '../../core/gather.ts'
import type { Rule, Value } from '../../core/watch.ts'
import type { MeterName } from '../../registry/meters.ts'
import { soundOutcomes } from '../rules.ts'

const minutes = 5
/** A share of fewer says nothing. */
const fewest = 50

const [requests, trips] = ['http_server_request_duration_seconds', 'http_server_db_round_trips'] as const
const over = 'http_server_over_budget_total'
const queries = 'db_query_duration_seconds'
const [calls, callTimes] = ['upstream_requests_total', 'upstream_request_duration_seconds'] as const
const lookups = 'cache_requests_total'

export const metricRules: readonly Rule[] = [
  {
    name: 'http_5xx',
    severity: 'critical',
    unit: '% of the requests of 5 minutes',
    raise: 5,
    clear: 1,
    pendingFor: 0,
    clearFor: 0,
    read: one((series) => share(lately(series, requests, { status: '5xx' }), lately(series, requests))),
    advice: 'GET /v1/ops/routes shows which routes fail. The log has the error of each request by its id.',
  },
  {
    name: 'db_p95',
    severity: 'warning',
    unit: 'ms, of the round trips of 5 minutes',
    raise: 100,
    clear: 80,
    critical: 1_000,
    pendingFor: 300,
    clearFor: 0,
    read: one((series) => {
      const seconds = quantileOf(queries, sumOf(series, queries)?.lately ?? [], 0.95)
      return lately(series, queries) < fewest || seconds === null ? 0 : seconds * 1_000
    }),
    advice:
      'GET /v1/ops/queries?order=total shows which statements take the time; GET /v1/ops/locks who waits.',
  },
  {
    name: 'over_budget',
    severity: 'warning',
    unit: '% of the requests of a route in 5 minutes',
    raise: 5,
    clear: 1,
    pendingFor: 300,
    clearFor: 0,
    absent: 'clear',
    read: each('route', [trips, over], (series) => share(lately(series, over), lately(series, trips))),
    advice: 'A route takes more round trips to Postgres than it declares. GET /v1/ops/routes shows both.',
  },
  {
    name: 'upstream_errors',
    severity: 'warning',
    unit: '% of the calls of 5 minutes',
    raise: 10,
    clear: 5,
    pendingFor: 300,
    clearFor: 0,
    absent: 'clear',
    read: each('upstream', [calls], (series) => {
      const all = sumOf(series, calls)?.lately[0] ?? 0
      const good =
        sumOf(series, calls, { outcome: (outcome) => soundOutcomes.includes(outcome) })?.lately[0] ?? 0
      return all === 0 ? 0 : (100 * (all - good)) / all
    }),
    advice: 'An outside server fails. Its circuit opens by itself, and readers get the last known data.',
  },
  {
    name: 'upstream_slow',
    severity: 'warning',
    unit: 'ms, of 95 % of the calls of 5 minutes',
    raise: 5_000,
    clear: 3_000,
    pendingFor: 300,
    clearFor: 0,
    absent: 'clear',
    read: each('upstream', [callTimes], (series) => {
      const seconds = quantileOf(callTimes, sumOf(series, callTimes)?.lately ?? [], 0.95)
      return seconds === null ? 0 : seconds * 1_000
    }),
    advice: 'An outside server is slow. The jobs that call it take longer; readers do not wait for it.',
  },
  {
    name: 'cache_hits',
    severity: 'warning',
    unit: '% of the reads of 5 minutes',
    raise: 50,
    clear: 60,
    pendingFor: 300,
    clearFor: 0,
    absent: 'clear',
    read: async (ctx) => {
      const unrated = new Set(cacheStatistics(ctx.now()).flatMap(({ name, rated }) => (rated ? [] : [name])))
      return (await hitRatios(ctx)).filter(({ labels }) => !unrated.has(String(labels['cache'])))
    },
    advice:
      'Readers load most values anew. GET /v1/ops/caches shows the ages, evictions and bytes of each cache.',
  },
  {
    name: 'gather_silent',
    severity: 'warning',
    unit: 'seconds',
    raise: 120,
    clear: 90,
    pendingFor: 0,
    clearFor: 0,
    read: async (ctx) => [{ labels: {}, value: mustKnow(await gatheredFor(ctx)).ageSeconds }],
    advice:
      'No isolate reports its counts. The metrics stand still; see lockstep_gather_report_failures_total.',
  },
]

const hitRatios = each('cache', [lookups], (series) => {
  const all = sumOf(series, lookups)?.lately[0] ?? 0
  const missed = sumOf(series, lookups, { outcome: 'miss' })?.lately[0] ?? 0
  return all < fewest ? 100 : (100 * (all - missed)) / all
})

/** One read of the gatherer serves all rules of an evaluation. */
const reads = new WeakMap<Ctx, Promise<Gathered>>()

function gatheredFor(ctx: Ctx): Promise<Gathered> {
  const known = reads.get(ctx)
  if (known !== undefined) return known
  const read = readGathered(ctx, { minutes })
  reads.set(ctx, read)
  return read
}

function mustKnow(gathered: Gathered): Extract<Gathered, { known: true }> {
  if (!gathered.known) throw new Error(gathered.why)
  return gathered
}

type Figure = (series: readonly Series[]) => number

function one(figure: Figure): (ctx: Ctx) => Promise<Value[]> {
  return async (ctx) => [{ labels: {}, value: figure(mustKnow(await gatheredFor(ctx)).series) }]
}

/** A value for each value of a label, of the series that counted something. */
function each(label: string, names: readonly MeterName[], figure: Figure): (ctx: Ctx) => Promise<Value[]> {
  return async (ctx) => {
    const { series } = mustKnow(await gatheredFor(ctx))
    const counted = series.filter((of) => names.some((name) => name === of.name) && of.lately.length > 0)
    return [...Map.groupBy(counted, ({ labels }) => labels[label] ?? '')].map(([value, those]) => ({
      labels: { [label]: value },
      value: figure(those),
    }))
  }
}

function lately(series: readonly Series[], name: MeterName, where: Record<string, string> = {}): number {
  return countOf(name, sumOf(series, name, where)?.lately ?? [])
}

function share(part: number, of: number): number {
  return of < fewest ? 0 : (100 * part) / of
}
