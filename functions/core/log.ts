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

/** Secrets that a message of a driver or of Postgres may contain. Quoted names of tables and constraints stay. */
const secrets: [RegExp, string][] = [
  [/(postgres(?:ql)?:\/\/[^:/\s]*:)[^@\s]+@/g, '$1***@'],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, '***'],
  // DETAIL: Key (phone)=(+44…) already exists
  [/=\(.*\)/g, '=(***)'],
  // DETAIL: Failing row contains (7, Ada, …)
  [/(row contains )\(.*\)/gs, '$1(***)'],
  // invalid input syntax for type bigint: "…"
  [/: ".*"/gs, ': "***"'],
]

export function redact(text: string): string {
  return secrets.reduce((clean, [secret, mask]) => clean.replaceAll(secret, mask), text)
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
