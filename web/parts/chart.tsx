import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { number } from './numbers.ts'
import { Table } from './table.tsx'
import { day, moment, timeOfDay, zone } from './times.ts'

/*
 * A chart over time. It says in one sentence what it shows, its arrow keys move a cursor that reads each point, and the
 * same data is there as a table. A gap in the data (null) is a gap in the line. Series differ by dash and by their label.
 */

export type Series = {
  name: string
  unit: string
  values: readonly (number | null)[]
  /** Each value holds until the next one, as a balance does. */
  stepped?: boolean
}
/** A band that values should stay in. */
export type Band = { name: string; from: number; to: number }

type ChartOf = {
  title: string
  /** Milliseconds, rising. */
  times: readonly number[]
  series: readonly Series[]
  band?: Band
  height?: number
}

const dashes = [[], [8, 4], [2, 3], [12, 4, 2, 4], [5, 5]]

export function Chart({ title, times, series, band, height = 200 }: ChartOf) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const at = useSignal<number | null>(null)
  const asTable = useSignal(false)
  const data = [
    times.map((ms) => ms / 1_000),
    ...series.map(({ values }) => [...values]),
  ] as uPlot.AlignedData

  useEffect(() => {
    const box = place.current
    if (box === null) return undefined
    const style = getComputedStyle(box)
    const paint = (name: string) => style.getPropertyValue(name).trim()
    const made = new uPlot(
      optionsOf({ series, height, width: box.clientWidth, paint, ...(band && { band }) }),
      data,
      box,
    )
    chart.current = made
    const stop = onColours(() => made.redraw(false))
    const watching = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height }))
    watching.observe(box)
    return () => {
      watching.disconnect()
      stop()
      made.destroy()
      chart.current = null
    }
    // Series that change their names are another chart; other values are new data of the same one.
  }, [series.map(({ name }) => name).join(), band?.from, band?.to, height, asTable.value, zone.value])

  useEffect(() => chart.current?.setData(data), [times, series])

  function move(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -times.length, End: times.length }[event.key]
    if (step === undefined || times.length === 0) return
    event.preventDefault()
    const next = Math.min(Math.max((at.value ?? (step > 0 ? -1 : times.length)) + step, 0), times.length - 1)
    at.value = next
    chart.current?.setCursor({ left: chart.current.valToPos((times[next] ?? 0) / 1_000, 'x'), top: 0 })
  }

  return (
    <figure class="chart">
      {asTable.value ? (
        <Table
          caption={title}
          rows={times.map((_, row) => row)}
          rowKey={(row) => row}
          columns={[
            { name: 'Time', cell: (row) => moment(times[row] ?? 0, { short: true }) },
            ...series.map(({ name, unit, values }) => ({
              name: `${name}, ${unit}`,
              numeric: true,
              cell: (row: number) => textOf(values[row], ''),
            })),
          ]}
        />
      ) : (
        <div
          class="plot"
          ref={place}
          tabIndex={0}
          role="application"
          aria-roledescription="chart"
          aria-label={`${sentenceOf(title, series)} Arrow keys read the points.`}
          onKeyDown={move}
        />
      )}
      <figcaption>
        <span>{sentenceOf(title, series)}</span>
        <button
          type="button"
          class="small"
          aria-pressed={asTable.value}
          onClick={() => (asTable.value = !asTable.value)}
        >
          {asTable.value ? 'As chart' : 'As table'}
        </button>
        <span class="point" role="status">
          {at.value !== null && pointOf(at.value, times, series)}
        </span>
      </figcaption>
    </figure>
  )
}

/** "Altitude: last 418 km, 415 to 422 km, rising." */
function sentenceOf(title: string, series: readonly Series[]): string {
  const parts = series.map(({ name, unit, values }) => {
    const known = values.filter((value) => value !== null)
    const last = known.at(-1)
    if (last === undefined) return `${name}: no values`
    const [first = last] = known
    const trend = last > first ? 'rising' : last < first ? 'falling' : 'level'
    return `${name}: last ${textOf(last, unit)}, ${number(Math.min(...known))} to ${textOf(Math.max(...known), unit)}, ${trend}`
  })
  return `${title}. ${parts.join('; ')}.`
}

function pointOf(at: number, times: readonly number[], series: readonly Series[]): string {
  const values = series.map(({ name, unit, values }) => `${name} ${textOf(values[at], unit)}`)
  return `${moment(times[at] ?? 0)}: ${values.join(', ')}`
}

function textOf(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return 'unknown'
  return unit === '' ? number(value) : `${number(value)} ${unit}`
}

type Paint = (name: string) => string

type Options = { series: readonly Series[]; height: number; width: number; band?: Band; paint: Paint }

const steps = uPlot.paths.stepped

function optionsOf({ series, height, width, band, paint }: Options): uPlot.Options {
  const axis = {
    stroke: () => paint('--muted'),
    grid: { stroke: () => paint('--hair'), width: 1 },
    ticks: { stroke: () => paint('--hair'), width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  }
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: { range: (_, low, high) => rangeOf([low, high, ...(band ? [band.from, band.to] : [])]) },
    },
    axes: [
      { ...axis, values: (_, splits) => labelsOf(splits) },
      { ...axis, size: 56, values: (_, splits) => splits.map((value) => number(value)) },
    ],
    series: [
      {},
      ...series.map(({ name, stepped }, index) => ({
        label: name,
        ...(stepped && steps && { paths: steps({ align: 1 }) }),
        stroke: () => paint(`--series-${(index % 5) + 1}`),
        width: 2,
        dash: dashes[index % dashes.length] ?? [],
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      drawClear: band ? [(chart) => drawBand(chart, band, paint('--ok'))] : [],
      draw: [(chart) => labelLines(chart, series, paint)],
    },
  }
}

/** Times within two days, days beyond. */
function labelsOf(splits: readonly number[]): string[] {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0)
  return splits.map((seconds) => (span > 2 * 86_400 ? day(seconds * 1_000) : timeOfDay(seconds * 1_000)))
}

function rangeOf(values: readonly (number | null)[]): uPlot.Range.MinMax {
  const known = values.filter((value) => value !== null)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const room = (high - low || Math.abs(high) || 1) * 0.08
  return [low - room, high + room]
}

function drawBand({ ctx, bbox, valToPos }: uPlot, { from, to }: Band, colour: string): void {
  const [top, bottom] = [valToPos(to, 'y', true), valToPos(from, 'y', true)]
  ctx.save()
  ctx.globalAlpha = 0.12
  ctx.fillStyle = colour
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top)
  ctx.restore()
}

/** Each line carries its name at its end, so that nobody has to match colours with a legend. */
function labelLines({ ctx, bbox, data, valToPos }: uPlot, series: readonly Series[], paint: Paint): void {
  if (series.length < 2) return
  ctx.save()
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`
  ctx.textAlign = 'right'
  for (const [index, { name }] of series.entries()) {
    const values = data[index + 1] ?? []
    const last = [...values].findLast((value) => value !== null && value !== undefined)
    if (last === undefined || last === null) continue
    ctx.fillStyle = paint(`--series-${(index % 5) + 1}`)
    ctx.fillText(name, bbox.left + bbox.width - 4, valToPos(last, 'y', true) - 6 * devicePixelRatio)
  }
  ctx.restore()
}

/** A canvas does not follow the stylesheet, so it is drawn again when the system or the switch changes the colours. */
function onColours(draw: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const watching = new MutationObserver(draw)
  watching.observe(document.documentElement, { attributeFilter: ['data-colours'] })
  system.addEventListener('change', draw)
  return () => {
    watching.disconnect()
    system.removeEventListener('change', draw)
  }
}
