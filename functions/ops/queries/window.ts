import { type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../core/errors.ts'

export type Window = {
  from: Date
  to: Date
  /** Whether the window ends within the last minute, so that the counts of isolates belong to it. */
  endsNow: boolean
  sql: { from: SQL; to: SQL }
  minutes: SQL
}

const hourMs = 60 * 60_000

/** The window of a query: the last hour unless given. */
export function windowOf(given: { from?: string | undefined; to?: string | undefined }, now: Date): Window {
  const to = given.to === undefined ? now : new Date(given.to)
  const from = given.from === undefined ? new Date(to.getTime() - hourMs) : new Date(given.from)
  if (from >= to) throw new AppError('unprocessable', 'from must be before to')
  const minutes = (to.getTime() - from.getTime()) / 60_000
  return {
    from,
    to,
    endsNow: now.getTime() - to.getTime() < 60_000,
    sql: { from: sql`${from.toISOString()}::timestamptz`, to: sql`${to.toISOString()}::timestamptz` },
    minutes: sql`${minutes}::float8`,
  }
}
