import type { Ctx } from '../../core/context.ts'
import { countOf, quantileOf, readGathered, type Series, sumOf } from '../../core/gather.ts'
import type { Gauge } from '../../core/watch.ts'
import type { MeterName } from '../../registry/meters.ts'
import { readGauges } from '../metrics/read-gauges.ts'
import type { LiveState } from './contract.ts'

const durations = 'http_server_request_duration_seconds'
const statements = 'db_query_duration_seconds'
const windowMs = 10_000
/** Postgres is queried in every fifth round, and rounds are two seconds apart. */
const gaugeRounds = 5

type Snapshot = { at: number; totals: Map<string, Series> }

/** Rates and times of the last ten seconds, anew with each round. */
export function followLive(ctx: Ctx): (round: number) => Promise<LiveState> {
  let snapshots: Snapshot[] = []
  let gauges: { asOf: string | null; values: Gauge[] } = { asOf: null, values: [] }

  return async (round) => {
    const [gathered, read] = await Promise.all([
      readGathered(ctx, { names: [durations, statements], minutes: 1 }),
      round % gaugeRounds === 0 ? readGauges(ctx, []).catch(() => null) : undefined,
    ])
    const asOf = ctx.now().toISOString()
    if (read !== undefined) gauges = read === null ? { asOf: null, values: [] } : { asOf, values: read }
    const shared = { asOf, gauges: gauges.values, gaugesAsOf: gauges.asOf }
    if (!gathered.known) return { ...shared, ...unknown, why: gathered.why }
    const now = {
      at: gathered.asOf.getTime(),
      totals: new Map(gathered.series.map((one) => [keyOf(one), one])),
    }
    snapshots = [...snapshots.filter(({ at }) => at >= now.at - windowMs - 1_000), now]
    const [before = now] = snapshots
    const seconds = (now.at - before.at) / 1_000
    const grown = gathered.series.map((one) => ({ ...one, lately: since(before, one) }))
    const perSecond = (name: MeterName, where: Record<string, string> = {}) =>
      seconds === 0 ? null : round3(countOf(name, sumOf(grown, name, where)?.lately ?? []) / seconds)
    return {
      ...shared,
      why: null,
      seconds,
      isolates: gathered.isolates,
      requests: perSecond(durations),
      errors: perSecond(durations, { status: '5xx' }),
      statements: perSecond(statements),
      http: timesOf(durations, grown),
      database: timesOf(statements, grown),
      routes: busiest(grown, seconds),
    }
  }
}

const none = { p50Ms: null, p95Ms: null, p99Ms: null }
const unknown = {
  seconds: 0,
  isolates: null,
  requests: null,
  errors: null,
  statements: null,
  http: none,
  database: none,
  routes: [],
}

function keyOf({ name, labels }: Series): string {
  return [name, ...Object.values(labels)].join('\t')
}

function since({ totals }: Snapshot, one: Series): number[] {
  const before = totals.get(keyOf(one))?.total ?? []
  return one.total.map((value, at) => Math.max(0, value - (before[at] ?? 0)))
}

function timesOf(name: MeterName, series: readonly Series[]): LiveState['http'] {
  const lately = sumOf(series, name)?.lately ?? []
  return { p50Ms: msOf(name, lately, 0.5), p95Ms: msOf(name, lately, 0.95), p99Ms: msOf(name, lately, 0.99) }
}

function busiest(series: readonly Series[], seconds: number): LiveState['routes'] {
  if (seconds === 0) return []
  const byRoute = Map.groupBy(
    series.filter(({ name }) => name === durations),
    ({ labels }) => `${labels['method']} ${labels['route']}`,
  )
  return [...byRoute.values()]
    .flatMap((ofRoute) => {
      const lately = sumOf(ofRoute, durations)?.lately ?? []
      const { route = '', method = '' } = ofRoute[0]?.labels ?? {}
      const perSecond = round3(countOf(durations, lately) / seconds)
      return perSecond === 0 ? [] : [{ route, method, perSecond, p95Ms: msOf(durations, lately, 0.95) }]
    })
    .toSorted((a, b) => b.perSecond - a.perSecond)
    .slice(0, 20)
}

function msOf(name: MeterName, values: readonly number[], share: number): number | null {
  const seconds = quantileOf(name, values, share)
  return seconds === null ? null : Math.round(seconds * 1e4) / 10
}

function round3(value: number): number {
  return Math.round(value * 1e3) / 1e3
}
