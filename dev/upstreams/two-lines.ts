import type { Elements } from '../../functions/space/iss/orbit.ts'

/** An element set as two lines of 69 characters with checksums. */
export function twoLines(elements: Elements): [string, string] {
  const number = String(elements.NORAD_CAT_ID).padStart(5, '0')
  const designator = `${elements.OBJECT_ID.slice(2, 4)}${elements.OBJECT_ID.slice(5)}`.padEnd(8)
  const one = [
    `1 ${number}U ${designator} ${epoch(elements.EPOCH)}`,
    signed(elements.MEAN_MOTION_DOT.toFixed(8)),
    assumedPoint(elements.MEAN_MOTION_DDOT),
    assumedPoint(elements.BSTAR),
    `0 ${String(elements.ELEMENT_SET_NO).padStart(4)}`,
  ].join(' ')
  const two = [
    `2 ${number}`,
    elements.INCLINATION.toFixed(4).padStart(8),
    elements.RA_OF_ASC_NODE.toFixed(4).padStart(8),
    elements.ECCENTRICITY.toFixed(7).slice(2),
    elements.ARG_OF_PERICENTER.toFixed(4).padStart(8),
    elements.MEAN_ANOMALY.toFixed(4).padStart(8),
    `${elements.MEAN_MOTION.toFixed(8).padStart(11)}58573`,
  ].join(' ')
  return [withChecksum(one), withChecksum(two)]
}

function epoch(iso: string): string {
  const moment = new Date(`${iso}Z`)
  const year = moment.getUTCFullYear()
  const days = (moment.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1
  return `${String(year).slice(2)}${days.toFixed(8).padStart(12, '0')}`
}

function signed(fixed: string): string {
  return fixed.replace(/^(-?)0/, (_, sign: string) => sign || ' ')
}

function assumedPoint(value: number): string {
  if (value === 0) return ' 00000-0'
  const exponent = Math.floor(Math.log10(Math.abs(value))) + 1
  const digits = Math.round((Math.abs(value) / 10 ** exponent) * 1e5)
  return `${value < 0 ? '-' : ' '}${String(digits).padStart(5, '0')}${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`
}

function withChecksum(line: string): string {
  const sum = line.split('').reduce((total, char) => total + (char === '-' ? 1 : Number(char) || 0), 0)
  return `${line}${sum % 10}`
}
