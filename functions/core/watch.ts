/**
 * The rules and queues of a row that the operator watches: values that a statement reads, and their limits.
 *
 * A rule selects `labels jsonb` and `value float8`, one row for each thing that it watches. No label and no evidence may hold
 * a parameter, a token, an amount or the name of a person, because alerts leave the system.
 */
import type { SQL } from 'drizzle-orm'
import type { MeterName } from '../registry/meters.ts'
import type { Ctx } from './context.ts'

export type Severity = 'warning' | 'critical'

export type Limits = {
  /**
   * The value beyond which the condition holds, and the value at which it ends. With `raise` at `clear` or above, high values
   * are bad; with `raise` below `clear`, low values are.
   */
  raise: number
  clear: number
  /** The value beyond which the alert is critical. */
  critical?: number
  /** Seconds for which the condition must hold before the alert fires. */
  pendingFor: number
  /** Seconds for which the value must be clear before the alert ends. */
  clearFor: number
}

export type Rule = Limits & {
  name: string
  severity: Severity
  /** Of the value: `seconds`, `%`, or what is counted. */
  unit: string
  /** `clear`: a thing that is not listed is fine. Without it, its alert becomes unknown. */
  absent?: 'clear'
  /** Selects `labels jsonb` and `shown jsonb`: up to 20 rows of each thing explain its alert. */
  evidence?: (ctx: Ctx) => SQL
  /** The next step for the operator. */
  advice: string
} & (
    | { value: (ctx: Ctx) => SQL }
    /** For a value that Postgres does not have. */
    | { read: (ctx: Ctx) => Promise<readonly Value[]> }
  )

/** `labels` name the thing; without any there is one. A value of null is not known. */
export type Value = {
  labels: Record<string, unknown>
  value: number | null
  /** Counters, kept with the value, from which the next evaluation computes what was added. */
  mark?: Record<string, number>
}

export type QueueKind = 'feed' | 'deliveries' | 'queue' | 'parked' | 'unfolded'

/**
 * Selects `name text`, `depth bigint`, `oldest_seconds float8` and `per_minute float8`: what waits, the age of the oldest of
 * it, and how much of it leaves in a minute. Null is unknown.
 */
export type WatchedQueues = { kind: QueueKind; queues: (ctx: Ctx) => SQL }

/** A metric that is read and not counted. `label` is the value of its only label; null if it has none. */
export type Gauge = { name: MeterName; label: string | null; value: number }

export type Watch = {
  rules: readonly Rule[]
  queues?: readonly WatchedQueues[]
  /** Metrics that are read with each reading of all of them. A metric that is not known is left out. */
  gauges?: (ctx: Ctx) => Promise<readonly Gauge[]>
  /** Selects `view text`, `drift_keys bigint` and `verified_at timestamptz` of views that a job compares with a recount. */
  verified?: (ctx: Ctx) => SQL
  /** Settings under which the statements run, for row-level security. */
  settings?: Readonly<Record<string, string>>
}
