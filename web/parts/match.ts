/** The parameters of `/app/orders/{id}` in a path; null if it does not match. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const source = pattern.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  const found = new RegExp(`^${source}$`).exec(path)
  if (found === null) return null
  try {
    return Object.fromEntries(
      Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch {
    return null
  }
}
