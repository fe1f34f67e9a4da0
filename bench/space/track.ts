import { elementsAt } from '../../dev/upstreams/orbit.ts'
import { orbitOf, trackOf } from '../../functions/space/iss/orbit.ts'
import { median, mustBe, type Pace, quantile } from '../method.ts'
import type { Rig } from '../rig.ts'

/** A ground track of a day with 1 440 points by SGP4, without a database. */
export async function track(_rig: Rig, { rounds }: Pace): Promise<void> {
  const from = new Date('2026-11-20T00:00:00Z')
  const orbit = orbitOf(elementsAt(from))
  const times: number[] = []
  for (let round = 0; round < rounds * 20 + 20; round += 1) {
    const begun = performance.now()
    const places = trackOf(orbit, from, { minutes: 1439, stepSeconds: 60 })
    if (round >= 20) times.push(performance.now() - begun)
    mustBe(places.length, 1440, 'the points')
  }
  console.log(
    `\nspace track of 1 440 points: median ${median(times).toFixed(2)} ms, p95 ${quantile(times, 0.95).toFixed(2)} ms`,
  )
  console.log(
    JSON.stringify({
      name: 'space track of 1 440 points',
      ours: Number(median(times).toPrecision(4)),
      baseline: null,
      ratio: null,
      unit: 'ms',
    }),
  )
}
