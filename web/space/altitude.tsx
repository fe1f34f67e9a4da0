import type { z } from 'zod'
import type { HourlyStats } from '../../functions/space/iss/contract.ts'
import { Chart } from '../parts/chart.tsx'
// Every page has loaded it. With it this file shares all of its parts, so they stay one file for the browser.
// oxlint-disable-next-line import/no-unassigned-import
import '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { useResource } from '../parts/resource.ts'
import { hourMs } from '../parts/window.ts'

/** Mean altitude of each hour. An hour without a position is a gap. */
export function Altitude() {
  const hours = useResource<z.infer<typeof HourlyStats>>('/v1/space/iss/stats/hourly?hours=48', {
    every: 600,
  })
  return (
    <Panel
      title="Altitude by hour"
      of={hours}
      size={3}
      stale={({ stale }) => stale}
      asOf={({ asOf }) => asOf}
      empty={{
        when: ({ data }) => data.length < 2,
        why: 'Positions are collected each minute; two hours make a line.',
      }}
    >
      {({ data }) => {
        const known = new Map(data.map(({ hour, avgAltitudeKm }) => [Date.parse(hour), avgAltitudeKm]))
        const [first, last] = [Math.min(...known.keys()), Math.max(...known.keys())]
        const times = Array.from(
          { length: (last - first) / hourMs + 1 },
          (_, index) => first + index * hourMs,
        )
        return (
          <Chart
            title="Mean altitude of each hour"
            times={times}
            series={[{ name: 'Altitude', unit: 'km', values: times.map((time) => known.get(time) ?? null) }]}
          />
        )
      }}
    </Panel>
  )
}
