/**
 * The counts of one isolate, in its memory.
 *
 * Guarantee: a count costs no I/O and no caller waits for it. A report holds the sums of all series that changed since the
 * gatherer last confirmed them, so a report that is repeated, late or lost changes no sum. An isolate has at most 1 000
 * series; the counts of further ones stand under the label value `other`, and are counted as overflow. No request counts as
 * open for ever, also if the runtime dropped it without a word.
 * How a caller loses: an isolate that dies loses the counts since its last report, about a second. After five quiet minutes
 * the isolate takes a new id, so that the gatherer may forget the old one.
 * The caller must send each report and call `confirm` when the gatherer has stored it. Driver: none.
 */
import {
  type CounterName,
  type HistogramName,
  type LabelsOf,
  type Meter,
  type MeterName,
  meters,
} from '../registry/meters.ts'

/** The name and the label values of a series, with tabs between. */
export type SeriesKey = string

/** A counter is one number. A histogram is the sum of its values, and the count of each bucket, the last one unbounded. */
export type Values = readonly number[]

export type Report = {
  isolate: string
  n: number
  /** HTTP requests that this isolate has open. */
  open: number
  changed: readonly (readonly [SeriesKey, Values])[]
}

export type Counts = {
  add<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void
  /** Counts a request as open until the returned function is called, and for five minutes at most. */
  open(): () => void
  /** Null when nothing changed. */
  report(): { report: Report; confirm: () => void } | null
}

type Series = { values: number[]; changes: number; confirmed: number }

const mostSeries = 1_000
const quietMs = 5 * 60_000
/** No request lasts longer: the runtime ends one whose client has left, and statements and calls have limits of their own. */
const openMs = 5 * 60_000
/** Counts that the gatherer has not confirmed after so long a time are given up, because it may have forgotten them. */
const unconfirmedMs = 12 * 60 * 60_000

export function makeCounts(now: () => number = Date.now): Counts {
  // The runtime refuses random values before the first request.
  let isolate: string | null = null
  let series = new Map<SeriesKey, Series>()
  let [n, changedAt] = [0, now()]
  const opened = new Set<{ at: number }>()

  function seriesOf(name: MeterName, labels: Readonly<Record<string, string>>): Series {
    const at = now()
    if (at - changedAt > quietMs && (at - changedAt > unconfirmedMs || isConfirmed())) begin()
    changedAt = at
    const key = keyOf(name, labels)
    const known = series.get(key)
    if (known !== undefined) return known
    if (series.size < mostSeries || (meters[name].labels as readonly string[]).length === 0)
      return begun(key, name)
    add('lockstep_series_overflow_total', {})
    const other = keyOf(name, Object.fromEntries(meters[name].labels.map((label) => [label, 'other'])))
    return series.get(other) ?? begun(other, name)
  }

  function begun(key: SeriesKey, name: MeterName): Series {
    const { buckets }: Meter = meters[name]
    const size = buckets === undefined ? 1 : buckets.length + 2
    const fresh = { values: Array.from({ length: size }, () => 0), changes: 0, confirmed: 0 }
    series.set(key, fresh)
    return fresh
  }

  const isConfirmed = () => [...series.values()].every(({ changes, confirmed }) => changes === confirmed)

  function begin(): void {
    isolate = null
    series = new Map()
    n = 0
  }

  function add<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    const one = seriesOf(name, labels)
    one.values[0] = (one.values[0] ?? 0) + by
    one.changes += 1
  }

  return {
    add,
    observe(name, labels, value) {
      const one = seriesOf(name, labels)
      const { buckets } = meters[name]
      let at = 0
      while (at < buckets.length && value > (buckets[at] ?? Number.POSITIVE_INFINITY)) at += 1
      one.values[0] = (one.values[0] ?? 0) + value
      one.values[at + 1] = (one.values[at + 1] ?? 0) + 1
      one.changes += 1
    },
    open() {
      const request = { at: now() }
      opened.add(request)
      return () => void opened.delete(request)
    },
    report() {
      const told = [...series].filter(([, { changes, confirmed }]) => changes > confirmed)
      if (told.length === 0) return null
      n += 1
      isolate ??= crypto.randomUUID()
      const marks = told.map(([, one]) => ({ one, changes: one.changes }))
      const changed = told.map(([key, { values }]) => [key, [...values]] as const)
      for (const request of opened) if (now() - request.at > openMs) opened.delete(request)
      return {
        report: { isolate, n, open: opened.size, changed },
        confirm: () => {
          for (const { one, changes } of marks) one.confirmed = Math.max(one.confirmed, changes)
        },
      }
    },
  }
}

function keyOf(name: MeterName, labels: Readonly<Record<string, string>>): SeriesKey {
  let key: string = name
  for (const label of meters[name].labels) key += `\t${labels[label] ?? ''}`
  return key
}
