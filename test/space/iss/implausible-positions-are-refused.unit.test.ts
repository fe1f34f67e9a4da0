import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contradicts,
  daysBetween,
  errorBoundKm,
  type Fix,
  implausible,
} from '../../../functions/space/rules.ts'

const now = new Date('2026-11-20T10:00:00Z')
const fix: Fix = {
  noradId: 25544,
  ts: new Date('2026-11-20T09:59:50Z'),
  latitude: 12.3,
  longitude: -45.6,
  altitudeKm: 421.9,
  velocityKmh: 27_580.1,
  visibility: 'daylight',
  source: 'wheretheiss',
}

describe('implausible', () => {
  it('accepts positions of the ISS with or without height and speed', () => {
    expect(implausible(fix, now)).toBeNull()
    expect(implausible({ ...fix, altitudeKm: null, velocityKmh: null, visibility: null }, now)).toBeNull()
    // An inclination of 51.65° reaches a geodetic latitude of 51.81°.
    expect(implausible({ ...fix, latitude: -51.81 }, now)).toBeNull()
  })

  it.each([
    [{ latitude: 51.9 }, 'latitude'],
    [{ latitude: -60 }, 'latitude'],
    [{ longitude: 181 }, 'longitude'],
    [{ altitudeKm: 369 }, 'altitude'],
    [{ altitudeKm: 0 }, 'altitude'],
    [{ altitudeKm: 461 }, 'altitude'],
    [{ velocityKmh: 7.66 }, 'velocity'],
    [{ velocityKmh: 28_501 }, 'velocity'],
    [{ noradId: 25545 }, 'norad_id'],
    [{ ts: new Date('2026-11-20T10:02:00Z') }, 'future'],
    [{ ts: new Date('2026-11-20T09:30:00Z') }, 'old'],
  ])('refuses %o and names the reason', (wrong, reason) => {
    expect(implausible({ ...fix, ...wrong }, now)).toContain(reason)
  })
})

describe('errorBoundKm', () => {
  it('is 2.3 km at a day, 113 km at a week, and at least the error of SGP4 itself', () => {
    expect(errorBoundKm(1)).toBeCloseTo(2.3)
    expect(errorBoundKm(7)).toBeCloseTo(112.7)
    expect(errorBoundKm(0)).toBe(1)
  })

  it('never falls as elements grow older', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 60, noNaN: true }),
        fc.double({ min: 0, max: 60, noNaN: true }),
        (a, b) => {
          expect(errorBoundKm(Math.max(a, b))).toBeGreaterThanOrEqual(errorBoundKm(Math.min(a, b)))
        },
      ),
    )
  })
})

describe('contradicts', () => {
  it('refuses a position a thousand kilometres away from fresh elements, but not from old ones', () => {
    expect(contradicts(5_000, 0.5)).toBe(true)
    expect(contradicts(40, 0.5)).toBe(false)
    expect(contradicts(5_000, 10)).toBe(false)
    expect(contradicts(null, 0.5)).toBe(false)
  })
})

describe('daysBetween', () => {
  it('gives the same distance in both directions of time', () => {
    expect(daysBetween(now, new Date('2026-11-22T22:00:00Z'))).toBe(2.5)
    expect(daysBetween(new Date('2026-11-22T22:00:00Z'), now)).toBe(2.5)
  })
})
