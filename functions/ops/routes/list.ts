import type { Ctx } from '../../core/context.ts'
import { boundsOf, countOf, quantileOf, readGathered, type Series, sumOf } from '../../core/gather.ts'
import type { RouteFigures, Routes } from './contract.ts'

const durations = 'http_server_request_duration_seconds'
const trips = 'http_server_db_round_trips'

/** The routes with their requests, errors, times and round trips of the last minutes, from the counts of all isolates. */
export async function listRoutes(ctx: Ctx, minutes: number): Promise<Omit<Routes, 'nextCursor'>> {
  const gathered = await readGathered(ctx, { names: [durations, trips], minutes })
  if (!gathered.known) return { asOf: ctx.now().toISOString(), since: null, why: gathered.why, data: [] }
  const { asOf, since, series } = gathered
  const seconds = Math.max(1, (asOf.getTime() - since.getTime()) / 1_000)
  const byRoute = Map.groupBy(
    series.filter(({ lately }) => lately.length > 0),
    ({ labels }) => `${labels['method']} ${labels['route']}`,
  )
  const data = [...byRoute.values()]
    .map((ofRoute) => figuresOf(ofRoute, seconds))
    .toSorted((a, b) => b.requests - a.requests || (a.route < b.route ? -1 : 1))
  return { asOf: asOf.toISOString(), since: since.toISOString(), why: null, data }
}

function figuresOf(ofRoute: readonly Series[], seconds: number): RouteFigures {
  const labels = ofRoute[0]?.labels
  const requestsOf = (where: Record<string, string>) =>
    countOf(durations, sumOf(ofRoute, durations, where)?.lately ?? [])
  const took = sumOf(ofRoute, durations)?.lately ?? []
  const used = sumOf(ofRoute, trips)?.lately ?? []
  const msOf = (share: number) => {
    const quantile = quantileOf(durations, took, share)
    return quantile === null ? null : Math.round(quantile * 1e4) / 10
  }
  const bounds = boundsOf(trips)
  // A count is a whole number, so the bound of its bucket is the count itself where the bounds are next to each other.
  const boundAt = (share: number) => {
    const count = countOf(trips, used)
    let below = 0
    for (const [at, n] of used.slice(1).entries()) {
      below += n
      if (n > 0 && below >= share * count) return bounds[at] ?? bounds.at(-1) ?? null
    }
    return null
  }
  const requests = requestsOf({})
  return {
    route: labels?.['route'] ?? '',
    method: labels?.['method'] ?? '',
    requests,
    perSecond: Math.round((requests / seconds) * 1e3) / 1e3,
    errors: requestsOf({ status: '5xx' }),
    refused: requestsOf({ status: '4xx' }),
    left: requestsOf({ status: 'left' }),
    p50Ms: msOf(0.5),
    p95Ms: msOf(0.95),
    p99Ms: msOf(0.99),
    trips: { p50: boundAt(0.5), p95: boundAt(0.95), max: boundAt(1) },
    overBudget: used.slice(1).reduce((sum, n, at) => sum + ((bounds[at] ?? 2) > 1 ? n : 0), 0),
  }
}
