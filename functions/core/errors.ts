/** One code, one status: the table every problem answer comes from. Modules add their codes here, and only here. */
export const problems = {
  malformed_json: [400, 'The body is not JSON'],
  validation_failed: [400, 'The request does not match the contract'],
  invalid_cursor: [400, 'The cursor is not one this list gave'],
  invalid_idempotency_key: [400, 'Idempotency-Key must be 1 to 255 visible characters'],
  unauthenticated: [401, 'A valid bearer token is needed'],
  forbidden: [403, 'This role may not call this route'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'This path does not take that method'],
  conflict: [409, 'The state does not allow it'],
  in_progress: [409, 'A request with this Idempotency-Key is being done right now'],
  order_taken: [409, 'The order is not available any more'],
  order_busy: [409, 'The order is being changed right now'],
  courier_at_capacity: [409, 'The courier cannot carry that many boxes more'],
  courier_unavailable: [409, 'The courier is not available'],
  excluded: [409, 'The courier gave this order back before'],
  illegal_transition: [409, 'The state does not allow this step'],
  stale_fence: [409, 'The order was assigned anew since this fence was given'],
  delivery_final: [409, 'The time to undo this delivery is over'],
  too_many_webhooks: [409, 'There may be no more webhooks than that'],
  no_courier: [409, 'No available courier can take this order'],
  lease_expired: [409, 'The time to accept ran out'],
  version_conflict: [409, 'The stream has moved on since that version'],
  insufficient_funds: [409, 'Not enough is available'],
  quarantined: [409, 'The account is held back until its difference is cleared'],
  hold_missing: [409, 'The stream does not hold what the step would release'],
  transfers_rejected: [409, 'Not every transfer of the batch can be made'],
  version_mismatch: [412, 'The resource has changed since that version'],
  body_too_large: [413, 'The body is larger than this route takes'],
  unsupported_media_type: [415, 'The body must be application/json'],
  idempotency_key_reused: [422, 'This Idempotency-Key was used with another request'],
  unprocessable: [422, 'Well-formed, but impossible'],
  target_refused: [422, 'Events cannot be sent there'],
  amount_out_of_range: [422, 'An amount would leave ±(2^53 - 1) minor units'],
  box_limit_exceeded: [422, 'The store may not send that many boxes'],
  capacity_below_held: [422, 'The courier holds more boxes than that capacity'],
  version_required: [428, 'If-Match with the version is needed'],
  rate_limited: [429, 'Too many requests'],
  internal: [500, 'Something went wrong here'],
  unavailable: [503, 'The database cannot be reached'],
  no_data_yet: [503, 'Nothing is known yet'],
  timeout: [503, 'The database took too long'],
  busy: [503, 'The database is busy with the same rows'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof problems

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

/** What a caller cannot go on from. Its message is shown to the client: never put a secret or a query in it. */
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

/** The value of a decision that may go against the caller: losing is not an exception inside a verb. */
export type Refused = { ok: false; reason: ProblemCode } & Record<string, unknown>

/** The same for one item of many: the members of a problem that are its own. */
export function problemOf({ ok: _ok, reason, detail, ...extra }: Refused): Record<string, unknown> {
  const title = problems[reason][1]
  return { code: reason, title, detail: typeof detail === 'string' ? detail : title, ...extra }
}

/** Turns a refused outcome into the problem it is, for adapters. */
export function orThrow<T extends { ok: true }>(outcome: T | Refused): T {
  if (outcome.ok) return outcome
  const { ok: _ok, reason, detail, retryAfter, ...extra } = outcome
  throw new AppError(reason, typeof detail === 'string' ? detail : undefined, {
    ...(typeof retryAfter === 'number' ? { retryAfter } : {}),
    extra,
  })
}
