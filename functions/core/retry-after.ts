/**
 * How long a server asks its caller to wait.
 *
 * Guarantee: null unless the header is a whole number of seconds or an HTTP date (RFC 9110, 10.2.3), because a guess at
 * other text could mean "at once". The result is at most `atMostMs`: the wish of a server never silences a caller for
 * longer than the caller allows.
 */
export function retryAfterMs(
  headers: Headers,
  { now, atMostMs }: { now: Date; atMostMs: number },
): number | null {
  const value = headers.get('retry-after')?.trim() ?? ''
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : msUntil(value, now)
  return ms === null ? null : Math.min(Math.max(0, ms), atMostMs)
}

/** `Date.parse` also reads `-5` and `5.5`, as days of 2001. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

function msUntil(value: string, now: Date): number | null {
  const at = httpDate.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? null : at - now.getTime()
}
