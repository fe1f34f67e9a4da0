import { spaceYear } from '../rules.ts'
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
  const elements = {
    EPOCH: epoch(one.slice(18, 32)),
    MEAN_MOTION: decimal(two.slice(52, 63)),
    ECCENTRICITY: decimal(`.${two.slice(26, 33)}`),
    INCLINATION: decimal(two.slice(8, 16)),
    RA_OF_ASC_NODE: decimal(two.slice(17, 25)),
    ARG_OF_PERICENTER: decimal(two.slice(34, 42)),
    MEAN_ANOMALY: decimal(two.slice(43, 51)),
    NORAD_CAT_ID: decimal(one.slice(2, 7)),
    ELEMENT_SET_NO: decimal(one.slice(64, 68)),
    BSTAR: assumedPoint(one.slice(53, 61)),
    MEAN_MOTION_DOT: decimal(one.slice(33, 43)),
    MEAN_MOTION_DDOT: assumedPoint(one.slice(44, 52)),
  }
  const unread = Object.entries(elements).find(([, value]) => value === '' || Number.isNaN(value))
  if (unread) return { malformed: `${unread[0]} is unreadable` }
  return {
    OBJECT_NAME: name.replace(/^0 /, '').trim(),
    OBJECT_ID: designator(one.slice(9, 17).trim()),
    ...elements,
  }
}

/** `Number` would read blank columns as zero, an angle like any other. */
function decimal(columns: string): number {
  const text = columns.trim()
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
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
  return String(sum % 10) === line[68]
}

/** `98067A` → `1998-067A`. It is a label that some sets leave blank; then it stays empty. */
function designator(short: string): string {
  const [, year, launch] = /^(\d\d)(\d{3}[A-Z]{1,3})$/.exec(short) ?? []
  return year === undefined ? '' : `${spaceYear(year)}-${launch}`
}

/** `20143.56318382`: a two-digit year and the day of the year, where 1 January is day 1. Empty if it is unreadable. */
function epoch(text: string): string {
  const [, year, day] = /^(\d\d)([ \d]{2}\d\.\d{1,8})$/.exec(text.trim()) ?? []
  const days = decimal(day ?? '')
  if (year === undefined || !(days >= 1 && days < 367)) return ''
  return new Date(Date.UTC(spaceYear(year), 0, 1) + Math.round((days - 1) * 86_400_000)).toISOString()
}

/** `-11606-4` → -0.11606e-4. */
function assumedPoint(text: string): number {
  const [, sign, digits, exponent] = /^([ +-])(\d{5})([+-]\d)$/.exec(text) ?? []
  return digits === undefined ? Number.NaN : Number(`${sign === '-' ? '-' : ''}0.${digits}e${exponent}`)
}
