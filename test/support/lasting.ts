import { setTimeout as delay } from 'node:timers/promises'

const lengthMs = { second: 1_000, hour: 3_600_000, day: 86_400_000 }

const leftOf = (period: keyof typeof lengthMs) => lengthMs[period] - (Date.now() % lengthMs[period])

/**
 * Waits for the next hour or day (UTC) when this one ends within the given seconds. For verbs that read the clock of
 * Postgres: none begins in the middle of a test, and with a day no month.
 */
export async function untilLasts(period: 'hour' | 'day', seconds: number): Promise<void> {
  // A timer may be a moment early.
  if (leftOf(period) <= seconds * 1_000) await delay(leftOf(period) + 20)
}

/**
 * A full second from now on whose hour (UTC) lasts so many seconds still. For verbs that take their time as an argument:
 * neither an hour nor a day begins between two of their moments.
 */
export function withinAnHour(seconds: number): number {
  const now = Date.now() - (Date.now() % lengthMs.second)
  return leftOf('hour') > seconds * 1_000 ? now : now + lengthMs.hour - (now % lengthMs.hour)
}
