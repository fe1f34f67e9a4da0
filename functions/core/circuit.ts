/**
 * The state of an outside server after earlier calls: whether it is worth a call, and whether its quota allows one.
 *
 * After five failed calls in a row the circuit opens: no call for a minute, then a single attempt. Each further failure
 * doubles the pause, up to an hour. With no quota left there is no call until the quota is renewed. `Health` is plain
 * data, so the caller can store it in a row where it outlasts the isolate.
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

/** The reason why no call is allowed now, or null. */
export function shutReason(health: Health, now: Date): Shut | null {
  if (health.openUntil !== null && health.openUntil > now)
    return { reason: 'circuit_open', detail: `until ${health.openUntil.toISOString()}` }
  if (health.quotaLeft === 0 && health.quotaUntil !== null && health.quotaUntil > now)
    return { reason: 'quota_exhausted', detail: `until ${health.quotaUntil.toISOString()}` }
  return null
}

/** The quota headers of an answer, and its Retry-After when the server refused for lack of quota. */
export type QuotaAnswer = { headers: Headers | null; retryAfterMs: number | null }

/** Quota headers name no moment of renewal. Without quota the pause is Retry-After, else an hour (the usual window). */
export function withQuota(health: Health, { headers, retryAfterMs }: QuotaAnswer, now: Date): Health {
  const quotaLimit = count(headers, 'x-ratelimit-limit') ?? health.quotaLimit
  const quotaLeft = retryAfterMs === null ? count(headers, 'x-ratelimit-remaining') : 0
  if (quotaLeft === null) return { ...health, quotaLimit }
  if (quotaLeft > 0) return { ...health, quotaLimit, quotaLeft, quotaUntil: null }
  return { ...health, quotaLimit, quotaLeft, quotaUntil: new Date(now.getTime() + (retryAfterMs ?? hourMs)) }
}

/** The health after a successful call. */
export function healed(health: Health): Health {
  return { ...health, failures: 0, openUntil: null }
}

/** The health after a call whose last attempt failed. */
export function failed(health: Health, now: Date): Health {
  const failures = health.failures + 1
  if (failures < failuresToOpen) return { ...health, failures }
  const pauseMs = Math.min(firstPauseMs * 2 ** (failures - failuresToOpen), longestPauseMs)
  return { ...health, failures, openUntil: new Date(now.getTime() + pauseMs) }
}

function count(headers: Headers | null, name: string): number | null {
  // At most nine digits: a column of the health row is an integer.
  const value = headers?.get(name) ?? ''
  return /^\d{1,9}$/.test(value) ? Number(value) : null
}
