import { describe, expect, it } from 'vitest'
import { inUnits } from '../../../functions/space/iss/units.ts'

describe('inUnits', () => {
  it('renames and converts fields that end in a unit, and no others', () => {
    expect(
      inUnits({ altitudeKm: 1.609344, velocityKmh: 16.09344, errorKm: null, latitude: 5, ok: true }, 'mi'),
    ).toEqual({
      altitudeMi: 1,
      velocityMph: 10,
      errorMi: null,
      latitude: 5,
      ok: true,
    })
    expect(inUnits({ altitudeKm: 420 }, 'km')).toEqual({ altitudeKm: 420 })
  })
})
