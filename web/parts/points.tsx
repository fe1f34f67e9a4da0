import { type Span, spanAt } from './lane.tsx'
import { number } from './numbers.ts'
import { nextPoint, type Points, shown } from './series.ts'
import { type Column, Table } from './table.tsx'
import { moment } from './times.ts'

/** The point to which a key moves the cursor, or null for another key. */
export function pointAfter({ key }: KeyboardEvent, points: Points, at: number | null): number | null {
  const last = points.xs.length
  const from = at ?? last
  if (key === 'ArrowLeft') return nextPoint(points, from, -1)
  if (key === 'ArrowRight') return nextPoint(points, at ?? -1, 1)
  if (key === 'PageUp') return nextPoint(points, Math.max(from - 24, 1), -1)
  if (key === 'PageDown') return nextPoint(points, Math.min((at ?? -1) + 24, last - 2), 1)
  if (key === 'Home') return nextPoint(points, -1, 1)
  return key === 'End' ? nextPoint(points, last, -1) : null
}

/** `27 Nov 2026, 21:04 UTC: pH 5.93 (5.9 to 6). dosed: dosed 5 ml …` */
export function pointText({ xs, series }: Points, index: number, spans: readonly Span[]): string {
  const x = xs[index]
  if (x === undefined) return ''
  const values = series.map((one) => {
    const [value, low, high] = [one.values[index], one.low?.[index], one.high?.[index]]
    if (value === null || value === undefined) return `${one.name} no value`
    const around =
      typeof low === 'number' && typeof high === 'number' && low !== high
        ? ` (${shown(one, low)} to ${shown(one, high)})`
        : ''
    return `${one.name} ${shown(one, value)}${around}`
  })
  const span = spanAt(spans, x)
  return `${moment(x, { short: true })}: ${values.join(', ')}.${span ? ` ${span.word}: ${span.text}.` : ''}`
}

const mostRows = 300

/** The points of a chart as rows, newest first. */
export function PointsTable({ title, points }: { title: string; points: Points }) {
  const { xs, series } = points
  const rows = xs.map((_, index) => index).slice(-mostRows)
  const columns: Column<number>[] = [
    { name: 'Time', cell: (index) => moment(xs[index] ?? 0, { short: true }) },
    ...series.flatMap((one): Column<number>[] => {
      const cell = (values: readonly (number | null)[]) => (index: number) => {
        const value = values[index]
        return value === null || value === undefined ? '' : shown(one, value)
      }
      return [
        { name: one.name, numeric: true, cell: cell(one.values) },
        ...(one.low ? [{ name: `${one.name}, lowest`, numeric: true, cell: cell(one.low) }] : []),
        ...(one.high ? [{ name: `${one.name}, highest`, numeric: true, cell: cell(one.high) }] : []),
      ]
    }),
  ]
  return (
    <section class="points" tabIndex={0} aria-label={`${title}, as a table`}>
      <Table
        caption={`${title}, as a table`}
        columns={columns}
        rows={rows.toReversed()}
        rowKey={(index) => index}
      />
      {xs.length > mostRows && (
        <p class="muted">
          The newest {mostRows} of {number(xs.length)} points.
        </p>
      )}
    </section>
  )
}
