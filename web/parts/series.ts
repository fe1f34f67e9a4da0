import { number } from './numbers.ts'

/** One line of a chart. A null is a gap and is never drawn over. */
export type Series = {
  name: string
  unit?: string
  values: readonly (number | null)[]
  /** The least and the greatest value around each point, drawn as a band. */
  low?: readonly (number | null)[]
  high?: readonly (number | null)[]
  /** Each value holds until the next one, as a balance does. */
  stepped?: boolean
  /** Each value stands for itself, as a count of an hour does. */
  bars?: boolean
  /** How a value is written; the default is a number with the unit. */
  show?: (value: number) => string
}

export type Points = { xs: readonly number[]; series: readonly Series[] }

export function shown({ unit, show }: Series, value: number): string {
  if (show !== undefined) return show(value)
  return unit === undefined || unit === '' ? number(value) : `${number(value)} ${unit}`
}

/** `pH: last 5.93, lowest 5.58, highest 6.31, rising.` */
export function sentenceOf(series: Series): string {
  const known = series.values.filter((value) => value !== null)
  const last = known.at(-1)
  if (last === undefined) return `${series.name}: no value in this time.`
  const lowest = Math.min(...lesser(series.low ?? known))
  const highest = Math.max(...lesser(series.high ?? known))
  const parts = [
    `last ${shown(series, last)}`,
    `lowest ${shown(series, lowest)}`,
    `highest ${shown(series, highest)}`,
    trendOf(known),
  ]
  return `${series.name}: ${parts.filter((part) => part !== null).join(', ')}.`
}

const lesser = (values: readonly (number | null)[]) => values.filter((value) => value !== null)

/** Compares the last quarter with the first one, against the whole range. Null for too few values. */
export function trendOf(values: readonly number[]): 'rising' | 'falling' | 'steady' | null {
  if (values.length < 4) return null
  const quarter = Math.ceil(values.length / 4)
  const change = mean(values.slice(-quarter)) - mean(values.slice(0, quarter))
  const range = Math.max(...values) - Math.min(...values)
  if (range === 0 || Math.abs(change) < range * 0.15) return 'steady'
  return change > 0 ? 'rising' : 'falling'
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Points further apart than three and a half usual steps get a gap between them: a line there would be made up. */
export function withGaps({ xs, series }: Points, step = usualStep(xs)): Points {
  // A value that holds until the next one has no gaps.
  if (series.some(({ stepped }) => stepped)) return { xs, series }
  const from: number[] = []
  const times: number[] = []
  for (const [index, x] of xs.entries()) {
    const before = xs[index - 1]
    if (before !== undefined && step > 0 && x - before > 3.5 * step) {
      times.push(before + step)
      from.push(-1)
    }
    times.push(x)
    from.push(index)
  }
  if (times.length === xs.length) return { xs, series }
  const spread = (values: readonly (number | null)[]) => from.map((index) => values[index] ?? null)
  return {
    xs: times,
    series: series.map((one) => ({
      ...one,
      values: spread(one.values),
      ...(one.low && { low: spread(one.low) }),
      ...(one.high && { high: spread(one.high) }),
    })),
  }
}

/** Points are drawn while they are few, or when all lie so near that their line has no length. */
export function hasDots(xs: readonly number[], { bars = false }: Series): boolean {
  return !bars && (xs.length < 40 || lengthOf(xs) < 1_000)
}

const lengthOf = (xs: readonly number[]) => (xs.at(-1) ?? 0) - (xs.at(0) ?? 0)

/** The stretch of time that a chart shows. A second is the least, or a line would have no length. */
export function stretchOf(xs: readonly number[]): { from: number; to: number } | null {
  const [from, to] = [xs.at(0), xs.at(-1)]
  if (from === undefined || to === undefined) return null
  const air = Math.max(0, (1_000 - (to - from)) / 2)
  return { from: from - air, to: to + air }
}

/** The median of the distances. */
function usualStep(xs: readonly number[]): number {
  const steps = xs.slice(1).map((x, index) => x - (xs[index] ?? x))
  return steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0
}

/** The next point in a direction that has a value. */
export function nextPoint({ xs, series }: Points, from: number, step: number): number {
  for (let at = from + step; at >= 0 && at < xs.length; at += Math.sign(step))
    if (series.some(({ values }) => (values[at] ?? null) !== null)) return at
  return from
}
