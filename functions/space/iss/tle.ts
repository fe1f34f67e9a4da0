import type { Elements } from './orbit.ts'

/**
 * Converts a two-line element set to OMM, or returns why it cannot. Columns are those of Space-Track's definition. A decimal
 * point is assumed before `ECCENTRICITY`, `BSTAR` and the second derivative. This form ends at catalogue number 99999.
 */
export function elementsOfTle(name: string, first: string, second: string): Elements | { malformed: string } {
  const [one, two] = [first.trimEnd(), second.trimEnd()]
  if (!isLine(one, '1') || !isLine(two, '2')) return { malformed: 'not two lines of 69 characters' }
  if (!checksumHolds(one) || !checksumHolds(two)) return { malformed: 'a checksum does not hold' }
  if (one.slice(2, 7) !== two.slice(2, 7)) return { malformed: 'the lines are of two satellites' }
  return {
    OBJECT_NAME: name.replace(/^0 /, '').trim(),
    OBJECT_ID: designator(one.slice(9, 17).trim()),
    EPOCH: epoch(one.slice(18, 32)),
    MEAN_MOTION: Number(two.slice(52, 63)),
    ECCENTRICITY: Number(`0.${two.slice(26, 33).trim()}`),
    INCLINATION: Number(two.slice(8, 16)),
    RA_OF_ASC_NODE: Number(two.slice(17, 25)),
    ARG_OF_PERICENTER: Number(two.slice(34, 42)),
    MEAN_ANOMALY: Number(two.slice(43, 51)),
    NORAD_CAT_ID: Number(one.slice(2, 7)),
    ELEMENT_SET_NO: Number(one.slice(64, 68)),
    BSTAR: assumedPoint(one.slice(53, 61)),
    MEAN_MOTION_DOT: Number(one.slice(33, 43)),
    MEAN_MOTION_DDOT: assumedPoint(one.slice(44, 52)),
  }
}

function isLine(line: string, number: '1' | '2'): boolean {
  return line.length === 69 && line.startsWith(`${number} `)
}

/** The last digit is the sum of all others modulo ten; a minus counts as one. */
function checksumHolds(line: string): boolean {
  const sum = line
    .slice(0, 68)
    .split('')
    .reduce((total, char) => total + (char === '-' ? 1 : Number(char) || 0), 0)
  return sum % 10 === Number(line[68])
}

/** `98067A` → `1998-067A`. */
function designator(short: string): string {
  const year = Number(short.slice(0, 2))
  return `${fullYear(year)}-${short.slice(2)}`
}

/** `20143.56318382`: a two-digit year and the day of the year, where 1 January is day 1. */
function epoch(text: string): string {
  const start = Date.UTC(fullYear(Number(text.slice(0, 2))), 0, 1)
  const days = Number(text.slice(2)) - 1
  return new Date(start + Math.round(days * 86_400_000)).toISOString()
}

/** There are no satellites before 1957. */
function fullYear(year: number): number {
  return year < 57 ? 2000 + year : 1900 + year
}

/** `-11606-4` → -0.11606e-4. */
function assumedPoint(text: string): number {
  const [, sign, digits, exponent] = /^([ +-])(\d{5})([+-]\d)$/.exec(text) ?? []
  return digits === undefined ? Number.NaN : Number(`${sign === '-' ? '-' : ''}0.${digits}e${exponent}`)
}
