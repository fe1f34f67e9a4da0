/** How numbers, durations and money are written everywhere: with a unit, three significant digits and thin spaces. */

import { decimalsOf } from './currencies.ts'
import { onceFor } from './once-for.ts'

const thin = '\u202f'

/** Some environments have a locale that Intl refuses, such as `en-US@posix`. */
export const locale = checked(navigator.language)

function checked(wanted: string): string {
  try {
    return new Intl.NumberFormat(wanted).resolvedOptions().locale
  } catch {
    return 'en-GB'
  }
}

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
/** A smaller number is noise of the measurement. */
const least = 0.001

const precise = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 })

/** A count is exact; a measurement has three significant digits, and no fraction above 100. */
export function number(value: number): string {
  if (value !== 0 && Math.abs(value) < least) return value < 0 ? `> −${least}` : `< ${least}`
  const form = Number.isInteger(value) || Math.abs(value) >= 100 ? whole : precise
  return form.format(value).replaceAll(',', thin).replace('-', '−')
}

/** The noun beside a count: `box` beside 1, `boxes` beside 0 and 2. */
export const noun = (count: number | null, one: string, many = `${one}s`) => (count === 1 ? one : many)

/** `1 box`, `2 boxes`. */
export const counted = (count: number, one: string, many?: string) =>
  `${number(count)} ${noun(count, one, many)}`

/** `3.2 s`, `4 min`, `2 h 5 min`, `3 d 4 h`: the two largest units. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 10) return `${precise.format(seconds)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return minutes < 10 ? two(minutes, 'min', seconds % 60, 's') : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return two(hours, 'h', minutes % 60, 'min')
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function two(first: number, unit: string, second: number, smaller: string): string {
  const rest = Math.floor(second)
  return rest === 0 ? `${number(first)} ${unit}` : `${number(first)} ${unit} ${rest} ${smaller}`
}

/** Milliseconds of a call: below one second always in ms. */
export function milliseconds(ms: number): string {
  return ms < 10 ? `${precise.format(ms)} ms` : duration(ms)
}

/** Minor units by the exponent of their currency: 1050 EUR is 10.50, 1050 JPY is 1 050. */
export function money(minor: number, currency: string): string {
  const decimals = decimalsOf(currency)
  const amount = withDecimals(decimals)
    .format(minor / 10 ** decimals)
    .replaceAll(',', thin)
  return `${amount.replace('-', '−')} ${currency}`
}

const withDecimals = onceFor(
  (decimals: number) =>
    new Intl.NumberFormat('en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
)
