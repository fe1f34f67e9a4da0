import { type ProblemCode, problems } from '../registry/problems.ts'

type Details = {
  /** Seconds after which the same request may succeed; makes the problem retryable. */
  retryAfter?: number
  /** `unknown` when the effect may have been committed although no answer came back. */
  outcome?: 'none' | 'unknown'
  errors?: { path: string; message: string; code?: string }[]
  /** Further members of the problem object: `from` and `to`, `current`, `available`. */
  extra?: Record<string, unknown>
  cause?: unknown
}

/** An error that the caller cannot recover from. The client sees its message: never put a secret or a query in it. */
export class AppError extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly retryAfter: number | undefined
  readonly outcome: 'none' | 'unknown'
  readonly errors: Details['errors']
  readonly extra: Record<string, unknown>

  constructor(code: ProblemCode, message?: string, details: Details = {}) {
    const [status, title] = problems[code]
    super(message ?? title, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'AppError'
    this.code = code
    this.status = status
    this.title = title
    this.retryAfter = details.retryAfter
    this.outcome = details.outcome ?? 'none'
    this.errors = details.errors
    this.extra = details.extra ?? {}
  }
}

/** A decision against the caller. Inside a verb, losing is a value and not an exception. */
export type Refused = { ok: false; reason: ProblemCode } & Record<string, unknown>

/** A read that was refused throws its problem; any other result passes. */
export function unlessRefused<T extends object>(read: T | Refused | null): T | null {
  if (read !== null && isRefused(read)) orThrow<never>(read)
  return read as T | null
}

function isRefused(value: object): value is Refused {
  return 'ok' in value && value.ok === false && 'reason' in value
}

/** The refusal of one item of a batch, with the members that a problem would have. */
export function problemOf({ ok: _ok, reason, detail, ...extra }: Refused): Record<string, unknown> {
  const title = problems[reason][1]
  return { code: reason, title, detail: typeof detail === 'string' ? detail : title, ...extra }
}

/** Adapters throw a refused outcome as its problem. */
export function orThrow<T extends { ok: true }>(outcome: T | Refused): T {
  if (outcome.ok) return outcome
  const { ok: _ok, reason, detail, retryAfter, ...extra } = outcome
  throw new AppError(reason, typeof detail === 'string' ? detail : undefined, {
    ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
    extra,
  })
}
