import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCounts, type Report } from '../../functions/core/counts.ts'
import { type Gathered, makeGathered } from '../../functions/core/gathered.ts'

const series = (gathered: Gathered) => Object.fromEntries(gathered.sums)
const merge = (gathered: Gathered, report: Report, now = 0) => gathered.merge(report, now, () => null)

/** Isolates count, and at times they report; a confirmed report need not be repeated. */
const histories = fc.array(
  fc.array(
    fc.record({
      count: fc.constantFrom('busy', 'done', 'paused'),
      by: fc.integer({ min: 1, max: 5 }),
      reports: fc.boolean(),
      confirmed: fc.boolean(),
    }),
    { minLength: 1, maxLength: 20 },
  ),
  { minLength: 1, maxLength: 4 },
)
type Step = { count: string; by: number; reports: boolean; confirmed: boolean }

/** The reports of these isolates with the last one of each complete, and the true sums. */
function played(isolates: readonly Step[][]): { reports: Report[]; truth: Record<string, number[]> } {
  const truth: Record<string, number[]> = {}
  const reports = isolates.flatMap((steps) => {
    const counts = makeCounts()
    const made = steps.flatMap(({ count, by, reports: reporting, confirmed }) => {
      counts.add('job_runs_total', { job: 'j', outcome: count }, by)
      const key = `job_runs_total\tj\t${count}`
      truth[key] = [(truth[key]?.[0] ?? 0) + by]
      const next = reporting ? counts.report() : null
      if (next !== null && confirmed) next.confirm()
      return next === null ? [] : [{ report: next.report, confirmed }]
    })
    const last = counts.report()
    return [...made, ...(last === null ? [] : [{ report: last.report, confirmed: true }])]
  })
  return { reports: reports.map(({ report }) => report), truth }
}

describe('the sums of the gatherer', () => {
  it('are those of all isolates, whatever the order and however often a report arrives', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (isolates, chance) => {
        const { reports, truth } = played(isolates)
        const twice = [...reports, ...reports].map((report) => ({ report, order: chance.next().value ?? 0 }))
        const gathered = makeGathered()
        for (const { report } of twice.toSorted((a, b) => a.order - b.order)) merge(gathered, report)
        expect(series(gathered)).toEqual(truth)
      }),
    )
  })

  it('are the same when every report but those that were confirmed is dropped', () => {
    fc.assert(
      fc.property(histories, (isolates) => {
        const gathered = makeGathered()
        const truth: Record<string, number[]> = {}
        for (const steps of isolates) {
          const counts = makeCounts()
          for (const { count, by, reports, confirmed } of steps) {
            counts.add('job_runs_total', { job: 'j', outcome: count }, by)
            const key = `job_runs_total\tj\t${count}`
            truth[key] = [(truth[key]?.[0] ?? 0) + by]
            const made = reports ? counts.report() : null
            if (made === null || !confirmed) continue
            merge(gathered, made.report)
            made.confirm()
          }
          const last = counts.report()
          if (last !== null) merge(gathered, last.report)
        }
        expect(series(gathered)).toEqual(truth)
      }),
    )
  })

  it('are wrong when a report adds what it holds instead of replacing it (negative control)', () => {
    const counts = makeCounts()
    counts.add('job_runs_total', { job: 'j', outcome: 'ok' })
    const report = counts.report()?.report
    const sums = new Map<string, number>()
    for (const [key, [value = 0]] of [report, report].flatMap((one) => one?.changed ?? []))
      sums.set(key, (sums.get(key) ?? 0) + value)
    expect([...sums.values()]).toEqual([2])
  })

  it('never fall, whatever arrives', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (isolates, chance) => {
        const reports = played(isolates).reports.map((report) => ({
          report,
          order: chance.next().value ?? 0,
        }))
        const gathered = makeGathered()
        let before = series(gathered)
        for (const { report } of reports.toSorted((a, b) => a.order - b.order)) {
          merge(gathered, report)
          const after = series(gathered)
          for (const [key, values] of Object.entries(before))
            expect(after[key]?.[0]).toBeGreaterThanOrEqual(values[0] ?? 0)
          before = structuredClone(after)
        }
      }),
    )
  })

  it('continue from what is stored when the gatherer has forgotten the isolate', () => {
    const counts = makeCounts()
    counts.add('job_runs_total', { job: 'j', outcome: 'ok' }, 3)
    const first = counts.report()?.report
    counts.add('job_runs_total', { job: 'j', outcome: 'ok' }, 2)
    const second = counts.report()?.report
    const gathered = makeGathered()
    if (first === undefined || second === undefined) throw new Error('Nothing was counted')
    const stored = structuredClone(merge(gathered, first))
    gathered.forget(first.isolate)
    gathered.merge(second, 0, () => stored)
    expect(series(gathered)).toEqual({ 'job_runs_total\tj\tok': [5] })
  })

  it('of the last minutes are what arrived in them', () => {
    const counts = makeCounts()
    const gathered = makeGathered()
    for (let minute = 1; minute <= 10; minute += 1) {
      counts.add('job_runs_total', { job: 'j', outcome: 'ok' }, minute)
      const made = counts.report()
      if (made !== null) merge(gathered, made.report, minute * 60_000 + 30_000)
    }
    const within = (minutes: number) =>
      gathered.within(minutes, 10 * 60_000 + 45_000).get('job_runs_total\tj\tok')
    expect([within(1), within(3), within(60)]).toEqual([[10], [27], [55]])
    expect(gathered.closedMinutes(10 * 60_000 + 45_000).map(({ minute }) => minute)).toHaveLength(9)
    expect(gathered.closedMinutes(10 * 60_000 + 46_000)).toEqual([])
  })
})

describe('the counts of an isolate', () => {
  it('put a value into the first bucket whose bound is not below it', () => {
    const counts = makeCounts()
    for (const trips of [0, 1, 1, 7, 100]) counts.observe('http_server_db_round_trips', asked, trips)
    const [, values] = counts.report()?.report.changed[0] ?? []
    // The sum, then the buckets 0 1 2 3 4 5 6 8 12 20 and the rest.
    expect(values).toEqual([109, 1, 2, 0, 0, 0, 0, 0, 1, 0, 0, 1])
  })

  it('are told again until they are confirmed, and only if they changed', () => {
    const counts = makeCounts()
    counts.add('job_runs_total', { job: 'j', outcome: 'ok' })
    counts.report()
    const again = counts.report()
    expect(again?.report).toMatchObject({ n: 2, changed: [['job_runs_total\tj\tok', [1]]] })
    again?.confirm()
    expect(counts.report()).toBeNull()
  })

  it('that change while a report is on its way are told by the next one', () => {
    const counts = makeCounts()
    counts.add('job_runs_total', { job: 'j', outcome: 'done' })
    const first = counts.report()
    counts.add('job_runs_total', { job: 'j', outcome: 'done' })
    first?.confirm()
    expect(counts.report()?.report.changed).toEqual([['job_runs_total\tj\tdone', [2]]])
  })

  it('have at most a thousand series; further ones stand under other', () => {
    const counts = makeCounts()
    for (let n = 0; n < 1_010; n += 1) counts.add('job_runs_total', { job: `j${n}`, outcome: 'ok' })
    const changed = new Map(counts.report()?.report.changed ?? [])
    expect(changed.size).toBe(1_002)
    expect(changed.get('job_runs_total\tother\tother')).toEqual([10])
    expect(changed.get('lockstep_series_overflow_total')).toEqual([10])
  })

  it('get a new id after five quiet minutes, and keep the old one while a report is not confirmed', () => {
    let now = 0
    const counts = makeCounts(() => now)
    const idAfter = (ms: number, confirm: boolean) => {
      now += ms
      counts.add('job_runs_total', { job: 'j', outcome: 'ok' })
      const made = counts.report()
      if (confirm) made?.confirm()
      return made?.report.isolate
    }
    const first = idAfter(0, true)
    expect(idAfter(60_000, false)).toBe(first)
    expect(idAfter(6 * 60_000, true)).toBe(first)
    expect(idAfter(6 * 60_000, true)).not.toBe(first)
  })
})

const asked = { route: '/r', method: 'GET', status: '2xx' }
