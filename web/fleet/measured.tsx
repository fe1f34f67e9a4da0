import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { z } from 'zod'
import type { Decision } from '../../functions/fleet/decisions/contract.ts'
import type { Target } from '../../functions/fleet/targets/contract.ts'
import type { SeriesPoint } from '../../functions/fleet/telemetry/contract.ts'
import type { ZoneNow } from '../../functions/fleet/zones/contract.ts'
import { Badge } from '../parts/badge.tsx'
import { type Band, Chart } from '../parts/chart.tsx'
import { now } from '../parts/clock.ts'
import type { Span } from '../parts/lane.tsx'
import { usePages } from '../parts/pages.ts'
import { Panel } from '../parts/panel.tsx'
import { route, setQuery } from '../parts/route.ts'
import type { Series } from '../parts/series.ts'
import { Table } from '../parts/table.tsx'
import { moment } from '../parts/times.ts'
import { useWindow } from '../parts/use-window.ts'
import { When } from '../parts/value.tsx'
import { dayMs, hourMs, minuteMs } from '../parts/window.ts'
import { toneOf, wordOf } from './words.ts'

type Point = z.infer<typeof SeriesPoint>
type Decided = z.infer<typeof Decision>

/** `pages`: how many pages of 200 decisions are read for its lane. */
const ranges = {
  '6 h': { hours: 6, resolution: '1m', pages: 1 },
  '24 h': { hours: 24, resolution: '1m', pages: 1 },
  '2 days': { hours: 48, resolution: '1m', pages: 2 },
  '14 days': { hours: 336, resolution: '1h', pages: 3 },
  'a year': { hours: 8_760, resolution: '1d', pages: 3 },
} as const

type RangeName = keyof typeof ranges

/** A metric of the zone over time, its target, and under it each decision of its regulators. */
export function Measured({
  now: { zone, timezone, values, targets, regulators },
}: {
  now: z.infer<typeof ZoneNow>
}) {
  const path = `/v1/fleet/zones/${zone.id}`
  const metrics = [...new Set(values.map(({ metric }) => metric))]
  const metric = route.value.query.get('metric') ?? (metrics.includes('ph') ? 'ph' : (metrics[0] ?? 'ph'))
  const wanted = route.value.query.get('range') ?? '24 h'
  const range: RangeName = wanted in ranges ? (wanted as RangeName) : '24 h'
  const { hours, pages, ...finest } = ranges[range]
  const tooFine = useSignal<string | null>(null)
  const shown = `${path} ${metric} ${range}`
  const isTooFine = finest.resolution === '1m' && tooFine.value === shown
  const resolution = isTooFine ? '1h' : finest.resolution
  const { from } = useWindow({ hours, stepMs: steps[resolution] })
  const query = new URLSearchParams({ metric, from, resolution, limit: '1500' })
  const series = usePages<Point>(`${path}/telemetry?${query}`, {
    every: 60,
    same: `${shown} ${resolution}`,
  })
  const isCut = (series.data.value?.nextCursor ?? null) !== null
  // The oldest points come first, so a series that is too long would end before now.
  useEffect(() => {
    if (isCut && resolution === '1m') tooFine.value = shown
  }, [isCut, resolution, shown])
  const decisions = usePages<Decided>(`${path}/decisions?limit=200`, { every: 120, most: pages })
  const own = targets.filter((target) => target.metric === metric)
  const unit = values.find((value) => value.metric === metric)?.unit ?? ''
  const regulator = regulators.find((one) => one.metric === metric)
  const mine = (decisions.data.value?.data ?? []).filter((one) => one.metric === metric)
  const label = `${wordOf(metric)} of ${zone.name}`
  return (
    <>
      <Panel
        title={label}
        of={series}
        size={5}
        wide
        tools={
          <div class="filters">
            <Choice label="Metric" name="metric" value={metric} options={metrics} />
            <Choice label="Time" name="range" value={range} options={Object.keys(ranges)} />
          </div>
        }
        empty={{
          when: ({ data }) => data.length === 0,
          why: `No sample of ${wordOf(metric)} in this time: a longer time may have some.`,
          command: 'npm run -s nodes -- --count 30',
        }}
      >
        {({ data }) => {
          const { left, ...points } = pointsOf(data, { name: wordOf(metric), unit })
          return (
            <Chart
              title={label}
              {...points}
              bands={bandsOf(own, points.times, timezone)}
              {...(regulator && {
                lane: {
                  name: `${regulator.direction} ${wordOf(metric)}`,
                  spans: spansOf(mine, regulator.id),
                },
              })}
            >
              <p class="muted">
                {meaning[resolution]}{' '}
                {isTooFine && 'Its minutes are too many for a chart: choose a shorter time. '}
                {own.length > 0 && 'The green range is the target. '}
                Where nothing was measured there is a gap.
                {left > 0 && ` The chart has the first ${mostSeries} of ${mostSeries + left} sensors.`}
                {isCut && ` The points end at ${moment(points.times.at(-1) ?? 0)}: there are more.`}
              </p>
            </Chart>
          )
        }}
      </Panel>
      <Panel
        title={`Decisions about ${wordOf(metric)}`}
        of={decisions}
        size={3}
        wide
        empty={{
          when: () => mine.length === 0,
          why: `No regulator has decided about ${wordOf(metric)} in this zone.`,
        }}
      >
        {({ nextCursor }) => (
          <>
            <Table<Decided>
              caption={`Decisions about ${wordOf(metric)}`}
              rows={mine.slice(0, shownDecisions)}
              rowKey={({ at, regulatorId }) => `${at} ${regulatorId}`}
              columns={[
                { name: 'From', cell: ({ at }) => <When iso={at} short={false} /> },
                {
                  name: 'Outcome',
                  cell: ({ outcome }) => <Badge word={wordOf(outcome)} tone={toneOf(outcome)} />,
                },
                { name: 'Why', cell: ({ text }) => text },
                {
                  name: 'Target',
                  cell: ({ inputs: { target } }) => target && `${target.min} to ${target.max} ${unit}`,
                },
                {
                  name: 'Budget left',
                  cell: ({ inputs }) => `${inputs.hourLeft} this hour, ${inputs.dayLeft} this day`,
                },
              ]}
            />
            <p class="muted">
              Newest first. A decision is kept when it changes or doses, and holds until the next one.
              {(mine.length > shownDecisions || nextCursor !== null) &&
                ` The newest ${Math.min(shownDecisions, mine.length)}.`}
            </p>
          </>
        )}
      </Panel>
    </>
  )
}

const shownDecisions = 12
/** More lines are hard to keep apart. */
const mostSeries = 5
/** How far the beginning of the chart moves at once. */
const steps = { '1m': 10 * minuteMs, '1h': hourMs, '1d': dayMs } as const

const meaning = {
  '1m': 'The line is the mean of each minute, the band its least and greatest value.',
  '1h': 'The line is the mean of each hour, the band its least and greatest value.',
  '1d': 'The line is the mean of each day of the greenhouse, the band its least and greatest value.',
}

function Choice({
  label,
  name,
  value,
  options,
}: {
  label: string
  name: string
  value: string
  options: readonly string[]
}) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        {(options.includes(value) ? options : [value, ...options]).map((option) => (
          <option key={option} value={option}>
            {name === 'metric' ? wordOf(option) : option}
          </option>
        ))}
      </select>
    </label>
  )
}

/** One line for each sensor, by the times of all of them. */
function pointsOf(data: readonly Point[], { name, unit }: { name: string; unit: string }) {
  const times = [...new Set(data.map(({ at }) => Date.parse(at)))].toSorted((a, b) => a - b)
  const sensors = Map.groupBy(data, ({ nodeUid, channel }) => `${nodeUid} ${channel}`.trim())
  const series = [...sensors].slice(0, mostSeries).map(([sensor, points]): Series => {
    const by = new Map(points.map((point) => [Date.parse(point.at), point]))
    const spread = (of: 'mean' | 'min' | 'max') => times.map((time) => by.get(time)?.[of] ?? null)
    return {
      name: sensors.size === 1 ? name : sensor,
      unit,
      values: spread('mean'),
      low: spread('min'),
      high: spread('max'),
    }
  })
  return { times, series, left: Math.max(0, sensors.size - mostSeries) }
}

function spansOf(decisions: readonly Decided[], regulator: number): Span[] {
  const own = decisions.filter(({ regulatorId }) => regulatorId === regulator).toReversed()
  return own.map(({ at, outcome, text }, index) => {
    const next = own[index + 1]
    return {
      from: Date.parse(at),
      to: next === undefined ? now.peek() : Date.parse(next.at),
      word: wordOf(outcome),
      tone: toneOf(outcome),
      text,
    }
  })
}

/** A target of local hours is a band for each stretch of points that lies in them. */
function bandsOf(
  targets: readonly z.infer<typeof Target>[],
  xs: readonly number[],
  timeZone: string,
): Band[] {
  return targets.flatMap((target): Band[] => {
    const { min, max, from, until } = target
    const range = { name: 'target', from: min, to: max }
    if (from === null || until === null) return targets.length === 1 ? [range] : []
    const form = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone })
    const isIn = (x: number) => {
      const time = form.format(x)
      return from < until ? time >= from && time < until : time >= from || time < until
    }
    const bands: Band[] = []
    let start: number | null = null
    for (const [index, x] of xs.entries()) {
      if (isIn(x)) start ??= x
      if (start !== null && (!isIn(x) || index === xs.length - 1)) {
        bands.push({ ...range, since: start, until: x })
        start = null
      }
    }
    return bands
  })
}
