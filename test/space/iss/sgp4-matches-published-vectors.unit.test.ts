import { describe, expect, it } from 'vitest'
import { haversineKm } from '../../../functions/space/iss/geometry.ts'
import { orbitOf, placeAt, stateAt, trackOf } from '../../../functions/space/iss/orbit.ts'
import { elementsOfTle } from '../../../functions/space/iss/tle.ts'
import { issElements } from '../support/elements.ts'
import { sgp4Verification } from '../support/sgp4-verification.ts'

const start = new Date('2026-09-15T09:00:00Z')

function orbitOfTle([first, second]: readonly [string, string]) {
  const elements = elementsOfTle('', first, second)
  if ('malformed' in elements) throw new Error(elements.malformed)
  return orbitOf(elements)
}

describe('SGP4 against the published verification vectors', () => {
  for (const { name, tle, states } of sgp4Verification)
    it(`agrees within a metre: ${name}`, () => {
      const orbit = orbitOfTle(tle)
      for (const [minutes, position, velocity] of states) {
        const state = stateAt(orbit, new Date(orbit.epoch.getTime() + minutes * 60_000))
        expect(distance(state?.position, position)).toBeLessThan(0.001)
        expect(distance(state?.velocity, velocity)).toBeLessThan(0.000_01)
      }
    })

  it('fails for an inclination that is wrong by a thousandth of a degree (negative control)', () => {
    const [first] = sgp4Verification
    if (!first) throw new Error('no vectors')
    const bent = orbitOfTle([first.tle[0], first.tle[1].replace('58.0579', '58.0589').replace(/.$/, '5')])
    const [, position] = first.states[1] ?? []
    const state = stateAt(bent, new Date(bent.epoch.getTime() + 120 * 60_000))
    expect(distance(state?.position, position ?? [0, 0, 0])).toBeGreaterThan(0.01)
  })
})

describe('placeAt', () => {
  const orbit = orbitOf(issElements)

  it('stays within the height, speed and latitudes of the ISS for a day', () => {
    for (const place of trackOf(orbit, start, { minutes: 24 * 60, stepSeconds: 30 })) {
      expect(Math.abs(place.latitude)).toBeLessThan(51.85)
      expect(place.longitude).toBeGreaterThanOrEqual(-180)
      expect(place.longitude).toBeLessThan(180)
      expect(place.altitudeKm).toBeGreaterThan(410)
      expect(place.altitudeKm).toBeLessThan(445)
      expect(place.velocityKmh).toBeGreaterThan(27_500)
      expect(place.velocityKmh).toBeLessThan(27_620)
    }
  })

  it('moves at the speed of the ground track, without a jump at the date line', () => {
    const track = trackOf(orbit, start, { minutes: 200, stepSeconds: 10 })
    for (const [index, place] of track.slice(1).entries()) {
      const before = track[index]
      const kmPerSecond = before ? haversineKm(before, place) / 10 : 0
      expect(kmPerSecond).toBeGreaterThan(6.5)
      expect(kmPerSecond).toBeLessThan(7.6)
    }
  })

  it('is in the shadow of the Earth for slightly more than a third of each orbit', () => {
    const places = trackOf(orbit, start, { minutes: 93 * 10, stepSeconds: 10 })
    const share = places.filter(({ visibility }) => visibility === 'eclipsed').length / places.length
    expect(share).toBeGreaterThan(0.3)
    expect(share).toBeLessThan(0.42)
  })

  it('returns null after the orbit has decayed', () => {
    const falling = orbitOf({ ...issElements, MEAN_MOTION: 16.4, BSTAR: 0.5 })
    expect(placeAt(falling, new Date(falling.epoch.getTime() + 40 * 86_400_000))).toBeNull()
  })
})

describe('trackOf', () => {
  it('returns a place for every step, including both ends', () => {
    const track = trackOf(orbitOf(issElements), start, { minutes: 10, stepSeconds: 60 })
    expect(track.map(({ ts }) => ts.getTime())).toEqual(
      Array.from({ length: 11 }, (_, minute) => start.getTime() + minute * 60_000),
    )
  })
})

function distance(
  vector: { x: number; y: number; z: number } | undefined,
  [x, y, z]: readonly [number, number, number],
): number {
  return vector ? Math.hypot(vector.x - x, vector.y - y, vector.z - z) : Number.POSITIVE_INFINITY
}
