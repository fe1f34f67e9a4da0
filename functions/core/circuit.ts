/**
 * What earlier calls taught about a server: whether it is worth asking, and whether we still may.
 *
 * After five failed calls in a row the circuit is open: no call for a minute, then a single attempt, and each further
 * failure doubles the pause up to an hour. With no quota left there is no call until it is renewed. `Health` is plain
 * data so that it can live in a row and outlast the isolate; whoever calls keeps it.
 */
export type Health = {
  failures: number
  openUntil: Date | null
  quotaLimit: number | null
  quotaLeft: number | null
  quotaUntil: Date | null
}

export const unknownHealth: Health = {
  failures: 0,
  openUntil: null,
  quotaLimit: null,
  quotaLeft: null,
  quotaUntil: null,
}

export type Shut = { reason: 'circuit_open' | 'quota_exhausted'; detail: string }

const failuresToOpen = 5
const firstPauseMs = 60_000
const longestPauseMs = 3_600_000
const hourMs = 3_600_000

/** Why there must be no call at this moment, or null. */
export function shutReason(health: Health, now: Date): Shut | null {
  if (health.openUntil !== null && health.openUntil > now)
    return { reason: 'circuit_open', detail: `until ${health.openUntil.toISOString()}` }
  if (health.quotaLeft === 0 && health.quotaUntil !== null && health.quotaUntil > now)
    return { reason: 'quota_exhausted', detail: `until ${health.quotaUntil.toISOString()}` }
  return null
}

/** What an answer said about its quota, and how long to wait if it refused for that. */
export type QuotaTold = { headers: Headers | null; toldToWaitMs: number | null }

/** Quota headers tell no moment of renewal: with nothing left, an hour (the usual window), or Retry-After. */
export function withQuota(health: Health, { headers, toldToWaitMs }: QuotaTold, now: Date): Health {
  const quotaLimit = count(headers, 'x-ratelimit-limit') ?? health.quotaLimit
  const quotaLeft = toldToWaitMs === null ? count(headers, 'x-ratelimit-remaining') : 0
  if (quotaLeft === null) return { ...health, quotaLimit }
  if (quotaLeft > 0) return { ...health, quotaLimit, quotaLeft, quotaUntil: null }
  return { ...health, quotaLimit, quotaLeft, quotaUntil: new Date(now.getTime() + (toldToWaitMs ?? hourMs)) }
}

/** After a success. */
export function healed(health: Health): Health {
  return { ...health, failures: 0, openUntil: null }
}

/** After a call that failed for good. */
export function failed(health: Health, now: Date): Health {
  const failures = health.failures + 1
  if (failures < failuresToOpen) return { ...health, failures }
  const pauseMs = Math.min(firstPauseMs * 2 ** (failures - failuresToOpen), longestPauseMs)
  return { ...health, failures, openUntil: new Date(now.getTime() + pauseMs) }
}

function count(headers: Headers | null, name: string): number | null {
  const value = headers?.get(name) ?? ''
  return /^\d+$/.test(value) ? Number(value) : null
}
