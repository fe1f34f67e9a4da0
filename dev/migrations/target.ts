/** The connection string, if it reaches Postgres itself. */
export function assertDirect(url: string): URL {
  const parsed = parse(url)
  if (/^ep-[\w-]+-pooler\./.test(parsed.hostname) || /-pooler\./.test(parsed.hostname)) {
    throw new Error(
      `${parsed.hostname} is a pooled endpoint. Migrations hold a lock for longer than one transaction and build ` +
        'indexes concurrently, which a transaction-mode pooler breaks: use the direct host, the same without "-pooler".',
    )
  }
  return parsed
}

/** Host and database: what may be printed of a connection string. */
export function withoutSecrets(url: string): string {
  const { host, pathname } = parse(url)
  return `${host}${pathname}`
}

// URL's own error repeats its input, password and all.
function parse(url: string): URL {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new Error('The connection string is not of the form postgresql://user:password@host/database.')
  }
  return parsed
}
