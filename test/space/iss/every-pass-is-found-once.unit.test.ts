import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSunlitAt, orbitOf, sightingFrom, sunElevationAt } from '../../../functions/space/iss/orbit.ts'
import { passesOver } from '../../../functions/space/iss/passes.ts'
import { issElements } from '../support/elements.ts'

const orbit = orbitOf(issElements)
const london = { latitude: 51.5072, longitude: -0.1276 }
const quito = { latitude: -0.1807, longitude: -78.4678 }
const pole = { latitude: 90, longitude: 0 }
const from = new Date('2026-09-16T00:00:00Z')
const to = new Date('2026-09-21T00:00:00Z')
const all = { from, to, minElevation: 10, visibleOnly: false }

describe('passesOver', () => {
  for (const [name, observer, least] of [
    ['London', london, 20],
    ['Quito', quito, 10],
  ] as const)
    it(`lists passes over ${name} in order, without overlap, each with its peak inside and above the minimum`, () => {
      const passes = passesOver(orbit, observer, all)
      expect(passes.length).toBeGreaterThanOrEqual(least)
      for (const [index, { rise, culmination, set }] of passes.entries()) {
        expect(rise.ts < culmination.ts && culmination.ts < set.ts).toBe(true)
        expect(rise.elevation).toBeCloseTo(10, 1)
        expect(set.elevation).toBeCloseTo(10, 1)
        expect(culmination.elevation).toBeGreaterThanOrEqual(10)
        expect(set.ts.getTime()).toBeLessThan(passes[index + 1]?.rise.ts.getTime() ?? Infinity)
      }
    })

  it('finds no pass over the pole', () => {
    expect(passesOver(orbit, pole, { ...all, minElevation: 0 })).toEqual([])
  })

  it('finds exactly the times at which the elevation is above the minimum', () => {
    const passes = passesOver(orbit, london, all)
    const inside = (ms: number) =>
      passes.some(({ rise, set }) => ms >= rise.ts.getTime() && ms <= set.ts.getTime())
    const disagreeing: string[] = []
    for (let ms = from.getTime(); ms < to.getTime(); ms += 10_000) {
      const above = sightingFrom(london, orbit, new Date(ms)).elevation >= 10
      if (above !== inside(ms)) disagreeing.push(new Date(ms).toISOString())
    }
    expect(disagreeing).toEqual([])
  })

  it('holds for any place and any minimum elevation', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.integer({ min: 0, max: 89 }),
        (latitude, longitude, minElevation) => {
          const observer = { latitude, longitude }
          const end = new Date(from.getTime() + 86_400_000)
          const passes = passesOver(orbit, observer, { from, to: end, minElevation, visibleOnly: false })
          for (const [index, { rise, culmination, set, durationSeconds }] of passes.entries()) {
            expect(culmination.elevation).toBeGreaterThanOrEqual(minElevation)
            expect(culmination.elevation).toBeGreaterThanOrEqual(
              Math.max(rise.elevation, set.elevation) - 1e-6,
            )
            expect(durationSeconds).toBeLessThan(12 * 60)
            expect(rise.azimuth >= 0 && rise.azimuth < 360).toBe(true)
            expect(rise.ts.getTime()).toBeGreaterThan(passes[index - 1]?.set.ts.getTime() ?? 0)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('finds a pass that grazes the minimum for seconds only', () => {
    const [highest] = passesOver(orbit, london, all).sort(
      (a, b) => b.culmination.elevation - a.culmination.elevation,
    )
    const minElevation = (highest?.culmination.elevation ?? 0) - 0.05
    const [grazing] = passesOver(orbit, london, { ...all, minElevation })
    expect(grazing?.culmination.ts.getTime()).toBeCloseTo(highest?.culmination.ts.getTime() ?? 0, -2)
    expect(grazing?.durationSeconds).toBeLessThan(20)
  })

  it('lists a pass in progress, with the rise it had before the search began', () => {
    const [first] = passesOver(orbit, london, all)
    const middle = first?.culmination.ts ?? from
    const [running] = passesOver(orbit, london, { ...all, from: middle })
    expect(running?.inProgress).toBe(true)
    expect(running?.rise.ts.getTime()).toBeCloseTo(first?.rise.ts.getTime() ?? 0, -2)
    const [afterwards] = passesOver(orbit, london, {
      ...all,
      from: new Date((first?.set.ts.getTime() ?? 0) + 1_000),
    })
    expect(afterwards?.rise.ts.getTime()).toBeGreaterThan(first?.set.ts.getTime() ?? 0)
  })

  it('lists as visible only passes of a sunlit satellite over an observer in the dark', () => {
    const month = { ...all, to: new Date('2026-10-01T00:00:00Z') }
    const seen = passesOver(orbit, london, { ...month, visibleOnly: true })
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.length).toBeLessThan(passesOver(orbit, london, month).length)
    for (const { visible, rise, set } of seen) {
      if (!visible) throw new Error('a visible pass has a visible time')
      expect(visible.from >= rise.ts && visible.until <= set.ts).toBe(true)
      for (const ts of [visible.from, visible.until]) {
        expect(isSunlitAt(orbit, ts)).toBe(true)
        expect(sunElevationAt(london, ts)).toBeLessThan(-6)
      }
    }
  })
})

describe('sunElevationAt', () => {
  it('has the sun overhead on the equator at noon of the equinox, and on the horizon at the pole', () => {
    const equinox = new Date('2026-09-23T00:05:00Z')
    expect(sunElevationAt({ latitude: 0, longitude: 180 - 1.9 }, equinox)).toBeGreaterThan(88.5)
    expect(Math.abs(sunElevationAt(pole, equinox))).toBeLessThan(0.2)
  })

  it('has the sun overhead on the tropic at noon of the solstice', () => {
    expect(
      sunElevationAt({ latitude: 23.44, longitude: 0 }, new Date('2026-06-21T12:02:00Z')),
    ).toBeGreaterThan(89)
  })
})
