/**
 * Appends those parameters of the link that no column of the click takes and that the destination lacks, as they came,
 * before the fragment of the destination.
 */
export function passQuery(destination: string, search: string, taken: ReadonlySet<string>): string {
  const at = destination.indexOf('#')
  const [before, fragment] = at < 0 ? [destination, ''] : [destination.slice(0, at), destination.slice(at)]
  const mark = before.indexOf('?')
  const present = new Set(mark < 0 ? [] : namesOf(before.slice(mark + 1)))
  const passed = search
    .replace(/^\?/, '')
    .split('&')
    .filter((pair) => {
      const name = nameOf(pair)
      return pair !== '' && !taken.has(name) && !present.has(name)
    })
  if (passed.length === 0) return destination
  const glue = mark < 0 ? '?' : /[?&]$/.test(before) ? '' : '&'
  return `${before}${glue}${passed.join('&')}${fragment}`
}

function namesOf(query: string): string[] {
  return query.split('&').map(nameOf)
}

function nameOf(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}
