/** One JSON line per event. Fields are ids, names, counts and durations: never a token, an address or the values of a query. */
export type Log = {
  info(event: string, fields?: Record<string, unknown>): void
  error(event: string, error: unknown, fields?: Record<string, unknown>): void
}

export function makeLog(base: Record<string, unknown>): Log {
  return {
    info(event, fields) {
      console.log(JSON.stringify({ level: 'info', event, ...base, ...fields }))
    },
    error(event, error, fields) {
      console.error(JSON.stringify({ level: 'error', event, ...base, ...fields, error: describe(error) }))
    },
  }
}

/** Masks the secrets that a message of a driver or of Postgres may contain. Names of tables and constraints stay. */
export function redact(text: string): string {
  return (
    text
      .replaceAll(/(postgres(?:ql)?:\/\/[^:/\s]*:)[^@\s]+/g, '$1***')
      .replaceAll(/\beyJ[\w-]+(?:\.[\w-]*){0,2}/g, '***')
      // DETAIL: Key (phone)=(+44…) already exists
      .replaceAll(/(=\()(.*)/gs, maskedUntilLast(')'))
      // DETAIL: Failing row contains (7, Ada, …)
      .replaceAll(/(row contains \()(.*)/gs, maskedUntilLast(')'))
      // invalid input syntax for type bigint: "…"
      .replaceAll(/(: ")(.*)/gs, maskedUntilLast('"'))
  )
}

/** A value may contain its own end, and may be cut off before it. */
function maskedUntilLast(end: string) {
  return (_found: string, before: string, rest: string) => {
    const at = rest.lastIndexOf(end)
    return `${before}***${at < 0 ? '' : rest.slice(at)}`
  }
}

function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: redact(String(error)) }
  const sqlstate = 'sqlstate' in error ? { sqlstate: error.sqlstate } : {}
  const cause = error.cause === undefined ? {} : { cause: describe(error.cause) }
  return {
    name: error.name,
    message: redact(error.message),
    ...sqlstate,
    stack: redact(error.stack ?? ''),
    ...cause,
  }
}
