import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { onColours, token } from './colours.ts'
import { Lane, type Span } from './lane.tsx'
import { number } from './numbers.ts'
import { PointsTable, pointAfter, pointText } from './points.tsx'
import { hasDots, type Points, type Series, sentenceOf, stretchOf, withGaps } from './series.ts'
import { shortDay, timeOfDay, zone } from './times.ts'

/*
 * A chart over time: a figure with a sentence (last, lowest, highest, trend), a cursor for the arrow keys that says the
 * point, and the same points as a table. Series differ by dash and by a label at their end, not by colour alone.
 *
 *   <Chart title="pH of North 1" times={times} series={[{ name: 'pH', unit: 'pH', values }]} band={{ name: 'target', from: 5.6, to: 6.2 }} />
 */

/** A range in which values should be, for the whole chart, or from a moment until another. */
export type Band = { name: string; from: number; to: number; since?: number; until?: number }

type ChartOf = {
  title: string
  /** Milliseconds, rising. */
  times: readonly number[]
  series: readonly Series[]
  band?: Band
  /** Several ranges, each for its time. */
  bands?: readonly Band[]
  /** Spans below the chart, such as decisions, by the same times. */
  lane?: { name: string; spans: readonly Span[] }
  height?: number
  children?: ComponentChildren
}

export function Chart(props: ChartOf) {
  const { title, times, series, lane, height = 240, children } = props
  const bands = [...(props.band ? [props.band] : []), ...(props.bands ?? [])]
  const points = useMemo(() => withGaps({ xs: times, series }), [times, series])
  const at = useSignal<number | null>(null)
  const asTable = useSignal(false)
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const range = stretchOf(points.xs)

  useEffect(() => {
    const target = place.current
    if (target === null || points.xs.length === 0) return undefined
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(
        optionsOf({ points, bands, height, width: target.clientWidth }),
        dataOf(points),
        target,
      )
      const cursor = plot.current
      cursor.over.addEventListener('mousemove', () => {
        at.value = cursor.cursor.idx ?? null
      })
    }
    draw()
    const sized = new ResizeObserver(() => {
      const width = target.clientWidth
      const before = plot.current?.width ?? 0
      if (before === width || width === 0) return
      // Its room for labels is another one on a narrow screen.
      if (before < narrow !== width < narrow) draw()
      else plot.current?.setSize({ width, height })
    })
    sized.observe(target)
    const stop = onColours(draw)
    return () => {
      stop()
      sized.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [points, JSON.stringify(bands), height, zone.value])

  function moveTo(index: number): void {
    const [u, x] = [plot.current, points.xs[index]]
    at.value = index
    if (u && x !== undefined)
      u.setCursor({ left: u.valToPos(x / 1_000, 'x'), top: u.bbox.height / 2 / devicePixelRatio })
  }

  const sentences = points.series.map(sentenceOf)
  const said = at.value === null ? null : pointText(points, at.value, lane?.spans ?? [])
  return (
    <figure class="chart" aria-label={title}>
      {points.xs.length > 0 && (
        <div
          class="plot"
          role="slider"
          tabIndex={0}
          aria-label={`${title}: arrow keys move through the points`}
          aria-valuemin={0}
          aria-valuemax={points.xs.length - 1}
          aria-valuenow={at.value ?? points.xs.length - 1}
          aria-valuetext={said ?? sentences.join(' ')}
          onKeyDown={(event) => {
            const next = pointAfter(event, points, at.value)
            if (next === null) return
            event.preventDefault()
            moveTo(next)
          }}
        >
          <div ref={place} aria-hidden="true" />
          {lane && range && <Lane name={lane.name} spans={lane.spans} range={range} />}
        </div>
      )}
      <figcaption>
        <p class="point">{said ?? sentences.join(' ')}</p>
        {children}
        <button
          type="button"
          class="small"
          aria-expanded={asTable.value}
          onClick={() => (asTable.value = !asTable.value)}
        >
          {asTable.value ? 'Hide the table' : 'As table'}
        </button>
      </figcaption>
      {asTable.value && <PointsTable title={title} points={{ xs: times, series }} />}
    </figure>
  )
}

type Drawn = { points: Points; bands: readonly Band[]; width: number; height: number }

/** Below this width the labels stand in the plot instead of at its right. The stylesheet has the same for the lane. */
const narrow = 600

const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4], [1, 2]]

function dataOf({ xs, series }: Points): uPlot.AlignedData {
  const seconds = xs.map((x) => x / 1_000)
  return [
    seconds,
    ...series.map(({ values }) => [...values]),
    ...series.flatMap(({ low, high }) => (low && high ? [[...high], [...low]] : [])),
  ]
}

function optionsOf({ points: { xs, series }, bands, width, height }: Drawn): uPlot.Options {
  const colour = (at: number) => token(`--series-${(at % 5) + 1}`)
  const axis = {
    stroke: token('--muted'),
    grid: { stroke: token('--hair'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
  const around: uPlot.Series[] = []
  const filled: uPlot.Band[] = []
  for (const [at, one] of series.entries())
    if (one.low && one.high) {
      const first = 1 + series.length + around.length
      around.push(
        { scale: 'y', stroke: 'transparent', points: { show: false } },
        { scale: 'y', stroke: 'transparent', points: { show: false } },
      )
      filled.push({ series: [first, first + 1], fill: `${colour(at)}33` })
    }
  return {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 } },
    padding: [12, width < narrow ? 12 : 92, 0, 0],
    scales: {
      x: { time: true, range: () => ends(xs) },
      y: { range: (_u, low, high) => holding(low, high, bands) },
    },
    axes: [
      {
        ...axis,
        size: 32,
        space: 64,
        values: (_u, splits, _axis, _space, step) => withoutRepeats(splits.map((at) => timeLabel(at, step))),
      },
      { ...axis, size: 56, values: (_u, splits) => splits.map((value) => labelOf(series[0], value)) },
    ],
    series: [{}, ...series.map((one, at) => drawn(one, at, colour(at), xs)), ...around],
    bands: filled,
    hooks: { drawClear: [(u) => drawBands(u, bands)], draw: [(u) => drawLabels(u, series, colour)] },
  }
}

const ends = (xs: readonly number[]): [number, number] => {
  const { from, to } = stretchOf(xs) ?? { from: 0, to: 1 }
  return [from / 1_000, to / 1_000]
}

/** The scale holds the values, the target, and some air. */
function holding(low: number | null, high: number | null, bands: readonly Band[]): [number, number] {
  const all = [low ?? 0, high ?? 1, ...bands.flatMap(({ from, to }) => [from, to])]
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const air = (most - least || Math.abs(most) || 1) * 0.08
  return [least >= 0 && least - air < 0 ? 0 : least - air, most + air]
}

function labelOf(series: Series | undefined, value: number): string {
  return series?.show ? series.show(value).replace(/\s[A-Z]{3}$/, '') : number(value)
}

function timeLabel(seconds: number, step: number): string {
  const ms = seconds * 1_000
  const text = timeOfDay(ms, { seconds: step < 60 })
  if (step < 86_400 && !/^00:00(:00)?$/.test(text)) return text
  return shortDay(ms)
}

/** Ticks within one second have one label. */
const withoutRepeats = (labels: readonly string[]) =>
  labels.map((label, at) => (label === labels[at - 1] ? '' : label))

function drawn(series: Series, at: number, stroke: string, xs: readonly number[]): uPlot.Series {
  const { stepped = false, bars = false } = series
  const paths = stepped
    ? uPlot.paths.stepped?.({ align: 1 })
    : bars
      ? uPlot.paths.bars?.({ size: [0.7, 40] })
      : undefined
  return {
    scale: 'y',
    stroke,
    width: bars ? 0 : 2,
    dash: dashes[at % dashes.length] ?? [],
    ...(bars && { fill: `${stroke}cc` }),
    ...(paths && { paths }),
    points: { show: hasDots(xs, series), size: 5 },
  }
}

function drawBands(u: uPlot, bands: readonly Band[]): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const { from, to, since, until } of bands) {
    const x = (ms: number | undefined, other: number) =>
      ms === undefined ? other : u.valToPos(ms / 1_000, 'x', true)
    const [left, right] = [x(since, bbox.left), x(until, bbox.left + bbox.width)]
    const [top, bottom] = [u.valToPos(to, 'y', true), u.valToPos(from, 'y', true)]
    ctx.fillStyle = `${token('--ok')}1f`
    ctx.fillRect(left, top, right - left, bottom - top)
    ctx.strokeStyle = `${token('--ok')}99`
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio])
    for (const y of [top, bottom]) {
      ctx.beginPath()
      ctx.moveTo(left, y)
      ctx.lineTo(right, y)
      ctx.stroke()
    }
  }
  ctx.restore()
}

/** The name of each series beside its last value. Names that would lie over each other move down. */
function drawLabels(u: uPlot, series: readonly Series[], colour: (at: number) => string): void {
  const { ctx, bbox } = u
  const px = devicePixelRatio
  const isNarrow = u.width < narrow
  // The title of the chart names a single line, and a narrow chart has no space for its name.
  if (isNarrow && series.length === 1) return
  ctx.save()
  ctx.font = `600 ${12 * px}px system-ui, sans-serif`
  ctx.textBaseline = 'middle'
  ctx.textAlign = isNarrow ? 'right' : 'left'
  const left = bbox.left + bbox.width + (isNarrow ? -4 : 6) * px
  const labels = series.flatMap(({ name, values }, at) => {
    const last = values.findLast((value) => value !== null)
    return last === undefined || last === null ? [] : [{ name, at, y: u.valToPos(last, 'y', true) }]
  })
  let free = Number.NEGATIVE_INFINITY
  for (const { name, at, y } of labels.toSorted((a, b) => a.y - b.y)) {
    free = Math.max(isNarrow ? y - 10 * px : y, free + 14 * px)
    ctx.fillStyle = colour(at)
    ctx.fillText(name.length > 11 ? `${name.slice(0, 10)}…` : name, left, free)
  }
  ctx.restore()
}
