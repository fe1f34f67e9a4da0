/** The server of `url` with another user. */
export function urlAs(url: string, { user, password }: { user: string; password: string }): string {
  const copy = new URL(url)
  copy.username = user
  copy.password = password
  return copy.href
}

export function urlOfDatabase(url: string, database: string): string {
  const copy = new URL(url)
  copy.pathname = `/${database}`
  return copy.href
}
