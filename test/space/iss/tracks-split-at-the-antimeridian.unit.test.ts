import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAtAntimeridian, haversineKm, wrapLongitude } from '../../../functions/space/iss/geometry.ts'

const latitude = fc.double({ min: -90, max: 90, noNaN: true })
const longitude = fc.double({ min: -180, max: 180, noNaN: true })
const place = fc.record({ latitude, longitude })

describe('haversineKm', () => {
  it('measures London to New York and across the date line', () => {
    expect(
      haversineKm({ latitude: 51.5074, longitude: -0.1278 }, { latitude: 40.7128, longitude: -74.006 }),
    ).toBeCloseTo(5570.2, 0)
    expect(haversineKm({ latitude: 0, longitude: 179.5 }, { latitude: 0, longitude: -179.5 })).toBeCloseTo(
      111.195,
      2,
    )
  })

  it('is zero only for one place, symmetric, and never more than half a great circle', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(haversineKm(a, a)).toBe(0)
        expect(haversineKm(a, b)).toBeCloseTo(haversineKm(b, a), 6)
        expect(haversineKm(a, b)).toBeLessThanOrEqual(20_015.2)
      }),
    )
  })
})

describe('wrapLongitude', () => {
  it('maps every meridian to one number', () => {
    expect([180, -180, 540, 190, -190, 359, 0].map(wrapLongitude)).toEqual([
      -180, -180, -180, -170, 170, -1, 0,
    ])
  })
})

describe('cutAtAntimeridian', () => {
  it('ends both pieces on the meridian, at the latitude of the crossing', () => {
    const cut = cutAtAntimeridian([
      { latitude: 10, longitude: 170 },
      { latitude: 20, longitude: -170 },
    ])
    expect(cut).toEqual([
      [
        { latitude: 10, longitude: 170 },
        { latitude: 15, longitude: 180 },
      ],
      [
        { latitude: 15, longitude: -180 },
        { latitude: 20, longitude: -170 },
      ],
    ])
  })

  it('cuts westward crossings, too, and leaves other lines whole', () => {
    const west = cutAtAntimeridian([
      { latitude: 0, longitude: -179 },
      { latitude: 2, longitude: 179 },
    ])
    expect(west.map((piece) => piece.map(({ longitude }) => longitude))).toEqual([
      [-179, -180],
      [180, 179],
    ])
    const whole = [
      { latitude: 0, longitude: -90 },
      { latitude: 0, longitude: 90 },
    ]
    expect(cutAtAntimeridian(whole)).toEqual([whole])
    expect(cutAtAntimeridian([])).toEqual([])
  })

  it('leaves no jump of more than half a circle inside a piece, and keeps every point', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 30 }), (points) => {
        const pieces = cutAtAntimeridian(points)
        for (const piece of pieces)
          for (const [index, point] of piece.slice(1).entries())
            expect(Math.abs(point.longitude - (piece[index]?.longitude ?? 0))).toBeLessThanOrEqual(180)
        const kept = pieces.flat()
        for (const point of points) expect(kept).toContainEqual(point)
      }),
    )
  })
})
