import type { Values } from '../../core/counts.ts'
import { boundsOf } from '../../core/gather.ts'
import { type Meter, type MeterName, meters } from '../../registry/meters.ts'

/** `values` are those of the labels, in the order of the metric's labels. */
export type Sample = { name: string; values: readonly string[]; total: Values }

/** Prometheus' text format 0.0.4. Each metric stands once, with its HELP and TYPE before its samples. */
export function expose(samples: readonly Sample[]): string {
  const byName = Map.groupBy(samples, ({ name }) => name)
  const names = Object.keys(meters).filter(isMeter)
  return names
    .flatMap((name) => {
      const { kind, help }: Meter = meters[name]
      const lines = (byName.get(name) ?? []).flatMap((sample) => linesOf(name, sample)).toSorted(byText)
      return lines.length === 0
        ? []
        : [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines.map(({ text }) => text)]
    })
    .concat('')
    .join('\n')
}

type Line = { text: string; order: string }

function linesOf(name: MeterName, { values, total }: Sample): Line[] {
  const labels = meters[name].labels.map((label, at) => `${label}="${escaped(values[at] ?? '')}"`)
  const braces = (more: string[]) => {
    const all = [...labels, ...more]
    return all.length === 0 ? '' : `{${all.join(',')}}`
  }
  const order = labels.join(',')
  if (meters[name].kind !== 'histogram')
    return [{ text: `${name}${braces([])} ${numberOf(total[0])}`, order }]
  let below = 0
  const bounds = [...boundsOf(name).map(String), '+Inf']
  const buckets = bounds.map((bound, at) => {
    below += total[at + 1] ?? 0
    return { text: `${name}_bucket${braces([`le="${bound}"`])} ${below}`, order }
  })
  return [
    ...buckets,
    { text: `${name}_sum${braces([])} ${numberOf(total[0])}`, order },
    { text: `${name}_count${braces([])} ${below}`, order },
  ]
}

/** The sort is stable, so the lines of a histogram keep their order. */
function byText(a: Line, b: Line): number {
  return a.order < b.order ? -1 : Number(a.order > b.order)
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** A sum of fractions keeps no more digits than a clock has. */
function numberOf(value: number | undefined): string {
  return String(Number((value ?? 0).toFixed(6)))
}

function isMeter(name: string): name is MeterName {
  return name in meters
}
