import { describe, expect, it } from 'vitest'
import { elementsOfTle } from '../../../functions/space/iss/tle.ts'
import { issTle } from '../support/elements.ts'

const [name, first, second] = issTle

describe('elementsOfTle', () => {
  it('reads every field with its assumed decimal point', () => {
    expect(elementsOfTle(name, first, second)).toEqual({
      OBJECT_NAME: 'ISS (ZARYA)',
      OBJECT_ID: '1998-067A',
      EPOCH: '2020-05-22T13:30:59.082Z',
      MEAN_MOTION: 15.49381561,
      ECCENTRICITY: 0.0001418,
      INCLINATION: 51.6434,
      RA_OF_ASC_NODE: 115.2941,
      ARG_OF_PERICENTER: 343.5417,
      MEAN_ANOMALY: 126.5978,
      NORAD_CAT_ID: 25544,
      ELEMENT_SET_NO: 999,
      BSTAR: 1.6202e-5,
      MEAN_MOTION_DOT: 4.54e-6,
      MEAN_MOTION_DDOT: 0,
    })
  })

  it('accepts lines that end in a carriage return', () => {
    expect(elementsOfTle(name, `${first}\r`, `${second}\r`)).toHaveProperty('NORAD_CAT_ID', 25544)
  })

  it.each([
    ['one digit changed', first.replace('20143', '20144'), second],
    ['a minus lost', first, second.replace('51.6434', '51.6435')],
    ['a line cut short', first.slice(0, 60), second],
    ['the lines swapped', second, first],
    ['two satellites', first, second.replace('2 25544', '2 25545').replace(/.$/, '7')],
    ['text in place of a line', 'No GP data found', ''],
  ])('refuses %s', (_, one, two) => {
    expect(elementsOfTle(name, one, two)).toHaveProperty('malformed')
  })
})
