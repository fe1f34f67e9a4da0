/**
 * The sums of what all isolates counted, read from the gatherer.
 *
 * A total is stored before it is shown and never falls. `lately` is what was added within the last minutes, so
 * a rate is `lately` divided by the seconds since `since`.
 * How a caller loses: `{ known: false, why }` when no gatherer is bound or it does not answer within two seconds. Unknown is
 * not 0. The caller must not ask for a longer time than an hour. Driver: none.
 */
import { type MeterName, meters } from '../registry/meters.ts'
import type { Ctx } from './context.ts'
import type { SeriesKey, Values } from './counts.ts'
import { gathererOf } from './report.ts'
import { within } from './within.ts'

export type Series = {
  name: string
  labels: Readonly<Record<string, string>>
  /** Since counting began. */
  total: Values
  /** Added within the minutes of the query. */
  lately: Values
}

export type Gathered =
  | {
      known: true
      asOf: Date
      since: Date
      isolates: number
      silent: number
      /** Requests that isolates had open at their last report. */
      open: number
      ageSeconds: number | null
      series: Series[]
    }
  | { known: false; why: string }

const limitMs = 2_000

/** The series of these metrics; of all without names. */
export async function readGathered(
  ctx: Ctx,
  { names = null, minutes = 5 }: { names?: readonly MeterName[] | null; minutes?: number } = {},
): Promise<Gathered> {
  if (ctx.env.METRICS === undefined) return { known: false, why: 'No Durable Object is bound as METRICS' }
  try {
    const read = await within(gathererOf(ctx.env).read({ names, minutes }), limitMs)
    if (read === 'late') return { known: false, why: `The gatherer did not answer within ${limitMs} ms` }
    const { asOf, since, isolates, silent, open, heardAt, series } = read
    return {
      known: true,
      asOf: new Date(asOf),
      since: new Date(since),
      isolates,
      silent,
      open,
      ageSeconds: heardAt === null ? null : Math.max(0, asOf - heardAt) / 1_000,
      series: series.map(([key, total, lately]) => ({ ...named(key), total, lately })),
    }
  } catch (error) {
    ctx.log.error('gatherer', error)
    return { known: false, why: 'The gatherer failed: see the log of the Worker' }
  }
}

/** The series whose labels have these values, added up: what a rule of an alert compares. Null when there is none. */
export function sumOf(
  series: readonly Series[],
  name: MeterName,
  where: Readonly<Record<string, string | ((value: string) => boolean)>> = {},
): { total: number[]; lately: number[] } | null {
  const matching = series.filter(
    (one) =>
      one.name === name &&
      Object.entries(where).every(([label, wanted]) => {
        const value = one.labels[label] ?? ''
        return typeof wanted === 'string' ? value === wanted : wanted(value)
      }),
  )
  if (matching.length === 0) return null
  return { total: plus(matching.map((one) => one.total)), lately: plus(matching.map((one) => one.lately)) }
}

/** How many values a histogram has, or how much a counter counted. */
export function countOf(name: MeterName, values: Values): number {
  return meters[name].kind === 'histogram' ? values.slice(1).reduce((sum, n) => sum + n, 0) : (values[0] ?? 0)
}

/**
 * The value below which this share of a histogram's values lies, straight between the bounds of its bucket. Null without
 * values. Beyond the last bound it is that bound, because nothing more is known.
 */
export function quantileOf(name: MeterName, values: Values, share: number): number | null {
  const bounds = boundsOf(name)
  const count = countOf(name, values)
  if (count === 0) return null
  let below = 0
  for (const [at, bound] of bounds.entries()) {
    const here = values[at + 1] ?? 0
    if (below + here >= share * count && here > 0) {
      const lower = at === 0 ? 0 : (bounds[at - 1] ?? 0)
      return lower + ((bound - lower) * (share * count - below)) / here
    }
    below += here
  }
  return bounds.at(-1) ?? null
}

export function boundsOf(name: MeterName): readonly number[] {
  const meter = meters[name]
  return 'buckets' in meter ? meter.buckets : []
}

function plus(all: readonly Values[]): number[] {
  const longest = Math.max(...all.map((values) => values.length))
  return Array.from({ length: longest }, (_, at) => all.reduce((sum, values) => sum + (values[at] ?? 0), 0))
}

function named(key: SeriesKey): { name: string; labels: Record<string, string> } {
  const [name = '', ...values] = key.split('\t')
  const labels: readonly string[] = name in meters ? meters[name as MeterName].labels : []
  return { name, labels: Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ''])) }
}
