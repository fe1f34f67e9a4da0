/**
 * The faults of a text in Prometheus' format 0.0.4, by the rules of `promtool check metrics` (promlint) and of the parser:
 * HELP and TYPE once before the samples, counters and only counters end in _total, base units, snake case, no series twice,
 * buckets that only rise and end in +Inf.
 */
export function lint(text: string): string[] {
  if (!text.endsWith('\n')) return ['the last line has no end']
  const faults: string[] = []
  const [helps, types] = [new Map<string, string>(), new Map<string, string>()]
  const seen = new Set<string>()
  const buckets = new Map<string, number[]>()
  let family = ''
  const left = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (kind !== undefined && name !== undefined) {
      const table = kind === 'HELP' ? helps : types
      if (table.has(name)) faults.push(`${name} has ${kind} twice`)
      table.set(name, rest ?? '')
      if (family !== '' && family !== name) left.add(family)
      if (left.has(name)) faults.push(`the lines of ${name} are not together`)
      family = name
      continue
    }
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(line)
    if (sample === null) {
      faults.push(`not a line: ${line}`)
      continue
    }
    const [, full = '', labels = '', value = ''] = sample
    if (!/^(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,|$))*$/.test(labels)) faults.push(`labels of ${line}`)
    if (/(?:^|,)[a-z]+[A-Z]\w*=/.test(labels)) faults.push(`a label of ${full} is in camel case`)
    if (seen.has(`${full}{${labels}}`)) faults.push(`${full}{${labels}} stands twice`)
    seen.add(`${full}{${labels}}`)
    const of = types.get(family) === 'histogram' ? full.replace(/_(?:bucket|sum|count)$/, '') : full
    if (of !== family || !types.has(of)) faults.push(`${full} has no TYPE before it`)
    if (full.endsWith('_bucket')) {
      const series = labels.replace(/,?le="[^"]*"/, '')
      buckets.set(`${full}{${series}}`, [...(buckets.get(`${full}{${series}}`) ?? []), Number(value)])
      if (!labels.includes('le=')) faults.push(`${full} has no bound`)
    }
  }
  for (const [name, type] of types) {
    if (!helps.get(name)) faults.push(`${name} has no HELP`)
    if ((type === 'counter') !== name.endsWith('_total')) faults.push(`${name} is a ${type}`)
    if (/[A-Z:]/.test(name)) faults.push(`${name} is not in snake case`)
    if (
      /_(?:milli|micro|nano)?(?:ms|milliseconds|minutes|hours|days|kb|kilobytes|megabytes)(?:_|$)/.test(name)
    )
      faults.push(`${name} has no base unit`)
    if (type !== 'histogram' && /_(?:bucket|count|sum)$/.test(name))
      faults.push(`${name} has a suffix of histograms`)
    if (name.includes(`_${type}`)) faults.push(`${name} contains its type`)
  }
  for (const [series, values] of buckets)
    if (values.some((value, at) => at > 0 && value < (values[at - 1] ?? 0))) faults.push(`${series} falls`)
  return faults
}
