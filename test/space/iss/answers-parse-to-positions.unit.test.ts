import { describe, expect, it } from 'vitest'
import {
  isNotUpdated,
  parseCelestrak,
  parseSatnogs,
  parseWheretheissTle,
} from '../../../functions/space/iss/parse-elements.ts'
import { parseOpenNotify, parseWheretheiss } from '../../../functions/space/iss/parse-position.ts'
import * as answers from '../support/answers.ts'
import { issElements, issTle } from '../support/elements.ts'

const json = (value: unknown) => JSON.stringify(value)

describe('parseWheretheiss', () => {
  it('reads the used fields and ignores the others', () => {
    expect(parseWheretheiss(json(answers.wheretheiss))).toEqual({
      ok: true,
      value: {
        noradId: 25544,
        ts: new Date('2022-08-03T06:55:44Z'),
        latitude: -24.135574363392,
        longitude: -111.86401960141,
        altitudeKm: 425.37210858971,
        velocityKmh: 27557.51464498,
        visibility: 'eclipsed',
        source: 'wheretheiss',
      },
    })
  })

  it('accepts numbers that arrive as text', () => {
    expect(parseWheretheiss(json({ ...answers.wheretheiss, latitude: '-24.1', id: '25544' }))).toHaveProperty(
      'value.latitude',
      -24.1,
    )
  })

  it.each([
    ['miles', { units: 'miles' }],
    ['milliseconds', { timestamp: 1659509744000 }],
    ['no latitude', { latitude: undefined }],
    ['a latitude of words', { latitude: 'north' }],
    ['a latitude in a list', { latitude: [1] }],
    ['an unknown light', { visibility: 'bright' }],
  ])('refuses %s', (_, wrong) => {
    expect(parseWheretheiss(json({ ...answers.wheretheiss, ...wrong }))).toMatchObject({ ok: false })
  })
})

describe('parseOpenNotify', () => {
  it('reads texts as numbers and leaves height, speed and visibility null', () => {
    expect(parseOpenNotify(json(answers.openNotify))).toMatchObject({
      ok: true,
      value: {
        latitude: -51.4346,
        longitude: 6.605,
        altitudeKm: null,
        velocityKmh: null,
        visibility: null,
        source: 'open-notify',
      },
    })
  })

  it('refuses an answer without success', () => {
    expect(parseOpenNotify(json({ ...answers.openNotify, message: 'failure' }))).toMatchObject({ ok: false })
  })
})

describe('elements', () => {
  it('are read from the OMM of CelesTrak', () => {
    expect(parseCelestrak(json([{ ...issElements, MEAN_MOTION_DOT: '5.779e-5' }]))).toEqual({
      ok: true,
      value: issElements,
    })
  })

  it('are read from the two lines of wheretheiss and SatNOGS', () => {
    expect(parseWheretheissTle(json(answers.wheretheissTle))).toHaveProperty('value.MEAN_MOTION', 15.52100765)
    const [tle0, tle1, tle2] = issTle
    expect(
      parseSatnogs(json([{ tle0: `0 ${tle0}`, tle1, tle2, tle_source: 'x', norad_cat_id: 25544 }])),
    ).toHaveProperty('value.OBJECT_NAME', 'ISS (ZARYA)')
  })

  it('count as not updated by the text of the answer', () => {
    expect(isNotUpdated('GP data has not updated since your last successful\ndownload of GROUP=active')).toBe(
      true,
    )
    expect(isNotUpdated(json([issElements]))).toBe(false)
    expect(parseCelestrak('No GP data found')).toMatchObject({ ok: false })
  })

  it.each([
    ['of another satellite', { NORAD_CAT_ID: 20580 }],
    ['of another inclination', { INCLINATION: 28.5 }],
    ['of another height', { MEAN_MOTION: 14.2 }],
    ['of no moment', { EPOCH: 'yesterday' }],
    ['that would fall tomorrow', { BSTAR: 1 }],
    ['without drag', { BSTAR: null }],
  ])('are refused if they are %s', (_, wrong) => {
    expect(parseCelestrak(json([{ ...issElements, ...wrong }]))).toMatchObject({ ok: false })
  })
})
