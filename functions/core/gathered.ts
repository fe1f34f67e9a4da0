/**
 * The sums over all isolates, inside the gatherer.
 *
 * Guarantee: each value of an isolate only grows, so the larger of two is the newer one. Reports in any order, repeated or
 * in part lost, give the same sums as soon as the newest of each isolate has arrived, and no sum ever falls.
 * The caller must store what `merge` returns before it shows a sum, and give `merge` the stored values of an isolate that
 * it forgot. Driver: none.
 */
import type { Report, SeriesKey, Values } from './counts.ts'

export type Sums = Map<SeriesKey, number[]>

export type Isolate = { id: string; n: number; open: number; heardAt: number; values: Sums }

type Minute = { minute: number; increments: Sums }

export type Gathered = {
  /** Returns the isolate as it has to be stored. `stored` is what is known of it if it is not in memory. */
  merge(report: Report, now: number, stored: () => Isolate | null): Isolate
  sums: Sums
  isolates: ReadonlyMap<string, Isolate>
  /** The values that were added in the minutes that end now. */
  within(minutes: number, now: number): Sums
  /** Minutes that ended since the last call, to be stored. */
  closedMinutes(now: number): Minute[]
  forget(id: string): void
}

type Known = { sums: Sums; isolates: Isolate[]; minutes: Minute[] }

const minuteMs = 60_000
const keptMinutes = 60

export function makeGathered(known: Known = { sums: new Map(), isolates: [], minutes: [] }): Gathered {
  const { sums } = known
  const isolates = new Map(known.isolates.map((one) => [one.id, one]))
  const minutes = new Map(known.minutes.map(({ minute, increments }) => [minute, increments]))
  const stored = new Set(minutes.keys())

  function minuteOf(now: number): Sums {
    const minute = Math.floor(now / minuteMs)
    const increments = minutes.get(minute) ?? new Map()
    minutes.set(minute, increments)
    for (const old of minutes.keys()) if (old < minute - keptMinutes) minutes.delete(old)
    return increments
  }

  return {
    sums,
    isolates,
    merge({ isolate: id, n, open, changed }, now, storedIsolate) {
      const fresh = { id, n: 0, open: 0, heardAt: 0, values: new Map() }
      const isolate = isolates.get(id) ?? storedIsolate() ?? fresh
      isolates.set(id, isolate)
      const increments = minuteOf(now)
      for (const [key, values] of changed) {
        const before = isolate.values.get(key) ?? []
        const grown = values.map((value, at) => Math.max(0, value - (before[at] ?? 0)))
        if (grown.every((by) => by === 0)) continue
        isolate.values.set(key, added(before, grown))
        sums.set(key, added(sums.get(key) ?? [], grown))
        increments.set(key, added(increments.get(key) ?? [], grown))
      }
      if (n > isolate.n) Object.assign(isolate, { n, open })
      isolate.heardAt = now
      return isolate
    },
    within(count, now) {
      const last = Math.floor(now / minuteMs)
      const total: Sums = new Map()
      for (const [minute, increments] of minutes)
        if (minute > last - count)
          for (const [key, values] of increments) total.set(key, added(total.get(key) ?? [], values))
      return total
    },
    closedMinutes(now) {
      const current = Math.floor(now / minuteMs)
      const closed = [...minutes].filter(([minute]) => minute < current && !stored.has(minute))
      for (const [minute] of closed) stored.add(minute)
      return closed.map(([minute, increments]) => ({ minute, increments }))
    },
    forget: (id) => void isolates.delete(id),
  }
}

export function added(before: Values, by: Values): number[] {
  return Array.from(
    { length: Math.max(before.length, by.length) },
    (_, at) => (before[at] ?? 0) + (by[at] ?? 0),
  )
}
