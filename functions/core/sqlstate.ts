import type { ProblemCode } from '../registry/problems.ts'
import { cut } from './cut.ts'
import { AppError } from './errors.ts'
import { redact } from './log.ts'

/**
 * The SQLSTATEs that this system reacts to. `retry` says how the caller may react:
 * `transaction` – run the whole transaction again; `later` – the server will be back; `never` – the statement is at fault.
 * Class LS is our own: functions of the schema raise it to leave a batch early.
 */
export const sqlstates = {
  '40001': { name: 'serialization_failure', retry: 'transaction' },
  '40P01': { name: 'deadlock_detected', retry: 'transaction' },
  '55P03': { name: 'lock_not_available', retry: 'later' },
  '57014': { name: 'query_canceled', retry: 'later' },
  '25P03': { name: 'idle_in_transaction_session_timeout', retry: 'later' },
  '25P04': { name: 'transaction_timeout', retry: 'later' },
  '57P01': { name: 'admin_shutdown', retry: 'later' },
  '57P02': { name: 'crash_shutdown', retry: 'later' },
  '57P03': { name: 'cannot_connect_now', retry: 'later' },
  '25006': { name: 'read_only_sql_transaction', retry: 'later' },
  '23505': { name: 'unique_violation', retry: 'never' },
  '23503': { name: 'foreign_key_violation', retry: 'never' },
  '23514': { name: 'check_violation', retry: 'never' },
  LS001: { name: 'idempotent_replay', retry: 'never' },
  LS002: { name: 'idempotency_key_reused', retry: 'never' },
  LS003: { name: 'idempotency_key_in_progress', retry: 'later' },
  LS010: { name: 'job_busy', retry: 'never' },
  LS011: { name: 'slot_done', retry: 'never' },
  LS012: { name: 'lease_lost', retry: 'never' },
  LS013: { name: 'job_paused', retry: 'never' },
  LS020: { name: 'replica_behind', retry: 'never' },
  LS021: { name: 'replica_stale', retry: 'never' },
} as const satisfies Record<string, { name: string; retry: 'transaction' | 'later' | 'never' }>

export type Sqlstate = keyof typeof sqlstates

/** Classes whose every state means the same: Postgres lacks disk, memory or connections, or its host failed. */
const exhausted = ['53', '58']

type Fields = {
  detail?: string
  place?: string
  constraint?: string
  carried?: string
  committed?: 'no' | 'unknown'
  cause?: unknown
}

/** A failure of Postgres or of the connection, the same for both drivers. `sqlstate` is null without an answer. */
export class DatabaseError extends Error {
  readonly sqlstate: string | null
  readonly detail: string | undefined
  readonly constraint: string | undefined
  /**
   * Data that a function of the schema sends along, in the field for a column's name. Postgres logs the detail of an error,
   * which may not hold data of a person; it never logs this field.
   */
  readonly carried: string | undefined
  /** The same for the position of a write, in the field for a table's name. */
  readonly place: string | undefined
  /** `no`: the server rolled back. `unknown`: the connection was lost and a commit may have happened. */
  readonly committed: 'no' | 'unknown'

  constructor(sqlstate: string | null, message: string, fields: Fields = {}) {
    super(message, { cause: fields.cause })
    this.name = 'DatabaseError'
    this.sqlstate = sqlstate
    this.detail = fields.detail
    this.place = fields.place
    this.constraint = fields.constraint
    this.carried = fields.carried
    this.committed = fields.committed ?? 'no'
  }
}

export function hasSqlstate(error: unknown, state: Sqlstate): error is DatabaseError {
  return error instanceof DatabaseError && error.sqlstate === state
}

/** A value or a constraint is at fault, not the server: the same statement would fail for ever. */
export function isDataError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^2[23]/.test(error.sqlstate ?? '')
}

/** The failure in one line without values, to be kept beside the message that caused it. */
export function reasonOf(error: DatabaseError): string {
  return cut(`${error.sqlstate}: ${redact(error.message)}`, 500)
}

/** True after a missing answer, a lost connection or a terminated backend: the commit may have succeeded before. */
export function leavesDoubt(sqlstate: string | null): boolean {
  return sqlstate === null || sqlstate.startsWith('08') || sqlstate === '57P01' || sqlstate === '57P02'
}

/** The problem that a client gets for an unhandled database failure; null when the fault is in this Worker. */
export function toProblem(error: DatabaseError): AppError | null {
  const code = codeOf(error.sqlstate)
  if (code === null) return null
  if (code === 'validation_failed')
    return new AppError(
      code,
      'A date, an offset or a number is outside the range that can be stored, or a time zone is unknown',
      {
        cause: error,
      },
    )
  const retryAfter = code === 'timeout' ? 2 : 1
  if (error.committed === 'no')
    return new AppError(code, 'The request had no effect: send it again after Retry-After', {
      retryAfter,
      cause: error,
    })
  const doubt =
    'The request may have taken effect: send it again after Retry-After, a write with the same Idempotency-Key'
  return new AppError(code, doubt, { retryAfter, outcome: 'unknown', cause: error })
}

function codeOf(sqlstate: string | null): ProblemCode | null {
  if (sqlstate === '57014' || sqlstate === '25P04') return 'timeout'
  if (sqlstate === '55P03' || retryOf(sqlstate) === 'transaction') return 'busy'
  if (leavesDoubt(sqlstate) || retryOf(sqlstate) === 'later') return 'unavailable'
  return sqlstate !== null && refusedValues.has(sqlstate) ? 'validation_failed' : null
}

/**
 * Values that pass the zod schema and that Postgres refuses: year 0, an offset of 23 hours, a number beyond its column, a
 * time zone that it does not know (22023).
 * The two grammars differ at their edges, so the fault is in the request.
 */
const refusedValues = new Set([
  '22001',
  '22003',
  '22007',
  '22008',
  '22009',
  '22021',
  '22023',
  '22P02',
  '22P05',
])

export function retryOf(sqlstate: string | null): 'transaction' | 'later' | 'never' {
  if (sqlstate === null) return 'later'
  const known: Record<string, { retry: 'transaction' | 'later' | 'never' }> = sqlstates
  return known[sqlstate]?.retry ?? (isExhausted(sqlstate) ? 'later' : 'never')
}

/** The server answered that it has no room for the statement, so another server may have it. */
export function isExhausted(sqlstate: string | null): boolean {
  return sqlstate !== null && exhausted.includes(sqlstate.slice(0, 2))
}
