import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementsOfTle } from '../../../functions/space/iss/tle.ts'
import { parseDataset } from '../../../functions/space/osdr/parse-datasets.ts'
import {
  countIn,
  dayIn,
  flagIn,
  idIn,
  maybeCountIn,
  maybeFlagIn,
  maybeMomentIn,
  maybeNumberIn,
  maybeTextIn,
  momentIn,
  numberIn,
  parsing,
  textIn,
  textsIn,
  unixSecondsIn,
} from '../../../functions/space/upstreams/lenient.ts'
import * as answers from '../support/answers.ts'
import { issTle } from '../support/elements.ts'

const absent = [undefined, null, '', ' ', '\t\n', '\u00a0', 'null', ' null ']
const read = <T>(reader: (fields: { x: unknown }, name: 'x') => T, x: unknown) =>
  parsing(() => reader({ x }, 'x'))
const value = <T>(reader: (fields: { x: unknown }, name: 'x') => T, x: unknown) => {
  const result = read(reader, x)
  return result.ok ? result.value : 'malformed'
}

describe('an absent field', () => {
  const optional = { maybeNumberIn, maybeCountIn, maybeTextIn, maybeFlagIn, maybeMomentIn }
  const required = { numberIn, countIn, textIn, idIn, flagIn, momentIn, dayIn, unixSecondsIn }

  for (const [name, reader] of Object.entries(optional))
    it.each(absent)(`is null, never a value, to ${name}: %j`, (x) => {
      expect(read<unknown>(reader, x)).toEqual({ ok: true, value: null })
    })
  for (const [name, reader] of Object.entries(required))
    it.each(absent)(`is malformed to ${name}: %j`, (x) => {
      expect(read<unknown>(reader, x)).toEqual({ ok: false, reason: expect.stringContaining('missing') })
    })

  it('is left out of a list of texts', () => {
    expect(value(textsIn, ['a', null, ' ', 'null', 'b'])).toEqual(['a', 'b'])
  })

  it('would be zero, or a day, to the readers of JavaScript', () => {
    expect([Number(' '), Number('\n'), Number(null)]).toEqual([0, 0, 0])
    expect(new Date(null as unknown as number).getTime()).toBe(0)
  })
})

describe('a number', () => {
  it.each([
    '0x10',
    '0b1',
    '0o7',
    '1_000',
    '1,5',
    '1e',
    'Infinity',
    'NaN',
    '--1',
    '+',
    '.',
    '١',
    '1 2',
    true,
    [1],
  ])('is not read from %j', (x) => {
    expect(value(maybeNumberIn, x)).toBe('malformed')
  })

  it.each([
    ['5.779e-5', 5.779e-5],
    [' -51.4346 ', -51.4346],
    ['.5', 0.5],
    ['007', 7],
    [0, 0],
    ['0', 0],
  ])('is read from %j', (x, number) => {
    expect(value(maybeNumberIn, x)).toBe(number)
  })

  it('is the one that the text spells, or none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), (x) => {
        const number = value(maybeNumberIn, x)
        if (typeof number !== 'number') return
        expect(x.trim()).toMatch(/^[+-]?[\d.]+(e[+-]?\d+)?$/i)
        expect(Object.is(number, Number.parseFloat(x))).toBe(true)
      }),
    )
  })

  it('that counts fits an integer column', () => {
    expect([0, 1.5, -1, 2 ** 31, '1e3'].map((x) => value(maybeCountIn, x))).toEqual([
      'malformed',
      'malformed',
      'malformed',
      'malformed',
      1000,
    ])
  })
})

describe('an id', () => {
  it('is one short text or whole number', () => {
    expect(['x', 42, ' y '].map((x) => value(idIn, x))).toEqual(['x', '42', 'y'])
    for (const x of [['a', 'b'], 1.5, 1e300, true, {}, 'x'.repeat(101)])
      expect(value(idIn, x)).toBe('malformed')
  })
})

describe('a moment', () => {
  it.each([
    '5',
    '98',
    '1/2/98',
    'Jan 3',
    '2017-1-3T00:00Z',
    '2017-02-30T03:12Z',
    '2017-01-03',
    '2017-01-03T24:00Z',
    '2017-01-03T03:12+15:00',
    '2017-01-03 03:12',
    '20170103T031200Z',
    '0017-01-03T03:12Z',
    '9017-01-03T03:12Z',
  ])('is not read from %j', (x) => {
    expect(value(maybeMomentIn, x)).toBe('malformed')
  })

  it.each([
    ['2017-01-03T03:12Z', '2017-01-03T03:12:00.000Z'],
    ['2017-01-03T03:12', '2017-01-03T03:12:00.000Z'],
    ['2017-01-03T03:12:01.5+02:00', '2017-01-03T01:12:01.500Z'],
    ['2026-11-20T09:30:00.123456', '2026-11-20T09:30:00.123Z'],
  ])('is read from %j', (x, iso) => {
    expect(value(maybeMomentIn, x)).toEqual(new Date(iso))
  })

  it('would be a day of 2001, or two days later, to Date.parse', () => {
    expect(new Date(Date.parse('5')).getUTCFullYear()).toBeGreaterThan(1999)
    expect(new Date('2017-02-30T03:12Z').toISOString()).toContain('2017-03-02')
  })
})

describe('a flag', () => {
  it('is not read from its name', () => {
    for (const x of ['true', 'false', 0, 1]) expect(value(maybeFlagIn, x)).toBe('malformed')
  })
})

describe('the dates of a dataset', () => {
  const { metadata } = answers.dataset['OSD-1']
  const parsed = (change: object) => {
    const result = parseDataset(
      JSON.stringify({ 'OSD-1': { metadata: { ...metadata, ...change } } }),
      'OSD-1',
    )
    return result.ok ? result.value : result
  }
  const began = (date: string) => parsed({ mission: { name: 'm', 'start date': date, 'end date': '' } })

  it.each([
    ['04/17/98', '1998-04-17'],
    ['10/04/57', '1957-10-04'],
    ['9/21/14', '2014-09-21'],
    ['04/17/1998', '1998-04-17'],
  ])('are of the right century: %s', (date, iso) => {
    expect(began(date)).toHaveProperty('mission.startDate', iso)
  })

  it.each(['07/17/0050', '07/17/1900', '02/30/2014', '13/01/2014', '00/00/2014', '4/17', '17.04.98', 'TBD'])(
    'are null rather than a guess: %s',
    (date) => {
      expect(began(date)).toHaveProperty('mission.startDate', null)
    },
  )

  it('are quarantined when the release is no moment after 1970', () => {
    for (const seconds of [0, -1, 1496880000000, '0x59', '2017-06-08'])
      expect(parsed({ 'study public release date': seconds })).toMatchObject({ ok: false })
    expect(parsed({ 'study public release date': ' ' })).toMatchObject({ releaseDate: null })
  })
})

describe('the columns of two lines', () => {
  const [name, first, second] = issTle
  /** Blanks some columns and mends the checksum. */
  function blanked(line: string, from: number, to: number): string {
    const text = line.slice(0, from) + ' '.repeat(to - from) + line.slice(to, 68)
    const sum = text.split('').reduce((total, char) => total + (char === '-' ? 1 : Number(char) || 0), 0)
    return text + String(sum % 10)
  }

  it.each([
    ['EPOCH', 18, 32],
    ['EPOCH', 18, 20],
    ['MEAN_MOTION_DOT', 33, 43],
    ['MEAN_MOTION_DDOT', 44, 52],
    ['BSTAR', 53, 61],
    ['ELEMENT_SET_NO', 64, 68],
  ])('are refused when %s is blank, from %i to %i of the first', (field, from, to) => {
    expect(elementsOfTle(name, blanked(first, from, to), second)).toEqual({
      malformed: `${field} is unreadable`,
    })
  })

  it('give no label when the designator is blank', () => {
    expect(elementsOfTle(name, blanked(first, 9, 17), second)).toHaveProperty('OBJECT_ID', '')
  })

  it.each([
    ['INCLINATION', 8, 16],
    ['RA_OF_ASC_NODE', 17, 25],
    ['ECCENTRICITY', 26, 33],
    ['ARG_OF_PERICENTER', 34, 42],
    ['MEAN_ANOMALY', 43, 51],
    ['MEAN_MOTION', 52, 63],
  ])('are refused when %s is blank, from %i to %i of the second', (field, from, to) => {
    expect(elementsOfTle(name, first, blanked(second, from, to))).toEqual({
      malformed: `${field} is unreadable`,
    })
  })
})
