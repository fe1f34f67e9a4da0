/**
 * A lenient parser for answers of servers that we do not control: tolerant in form, strict in the fields that are used.
 * Unknown keys pass. A number may arrive as numeric text, and a text as a list of texts. Any other deviation throws
 * `Malformed`, whose message names the field. The message is stored beside the quarantined answer and contains no value.
 *
 * Absence is never a value: nothing, null, blank text and the text "null" are absent, and a required field that is absent is
 * malformed. Only decimal numbers and ISO moments are read, because `Number` and `Date.parse` also give a value for other
 * text: 0 for a blank, 16 for `0x10`, a day of 2001 for `5`.
 */
export class Malformed extends Error {
  override name = 'Malformed'
}

export type Fields = Record<string, unknown>
/** `odd`: the faults of elements that were left out of the value. */
export type Parsed<T> = { ok: true; value: T; odd?: readonly string[] } | { ok: false; reason: string }

/** Turns `Malformed` into a value. Any other error is a defect of ours and is thrown on. */
export function parsing<T>(read: () => T): Parsed<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message }
    throw error
  }
}

/** A list keeps its sound elements and names the faults of the others. It is refused if it has elements and none is sound. */
export function parsingEach<T>(list: () => readonly unknown[], one: (element: unknown) => T): Parsed<T[]> {
  const listed = parsing(list)
  if (!listed.ok) return listed
  const elements = listed.value.map((element) => parsing(() => one(element)))
  const value = elements.flatMap((element) => (element.ok ? [element.value] : []))
  const odd = elements.flatMap((element) => (element.ok ? [] : [element.reason]))
  const [reason] = odd
  if (reason === undefined) return { ok: true, value }
  return value.length === 0 ? { ok: false, reason } : { ok: true, value, odd }
}

export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new Malformed('the body is not JSON')
  }
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (isFields(value)) return value
  throw new Malformed(`${what} is not an object`)
}

export function listOf(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new Malformed(`${what} is not a list`)
}

export function numberIn(fields: Fields, name: string): number {
  const value = maybeNumberIn(fields, name)
  if (value === null) throw new Malformed(`${name} is missing`)
  return value
}

export function maybeNumberIn(fields: Fields, name: string): number | null {
  const value = fields[name]
  if (isAbsent(value)) return null
  const number = typeof value === 'string' && decimal.test(value.trim()) ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new Malformed(`${name} is not a number`)
}

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i

type Bounds = { least: number; most: number }

export function maybeNumberWithin(fields: Fields, name: string, { least, most }: Bounds): number | null {
  const number = maybeNumberIn(fields, name)
  if (number === null || (number >= least && number <= most)) return number
  throw new Malformed(`${name} is not from ${least} to ${most}`)
}

/** A positive whole number that an integer column can hold. */
export function maybeCountIn(fields: Fields, name: string): number | null {
  const number = maybeNumberWithin(fields, name, { least: 1, most: 2_147_483_647 })
  if (number === null || Number.isInteger(number)) return number
  throw new Malformed(`${name} is not a whole number`)
}

export function countIn(fields: Fields, name: string): number {
  const count = maybeCountIn(fields, name)
  if (count === null) throw new Malformed(`${name} is missing`)
  return count
}

/** A key of a row: one short text or whole number. A list of texts names no row, and an index entry has a limit. */
export function idIn(fields: Fields, name: string): string {
  const value = fields[name]
  if (isAbsent(value)) throw new Malformed(`${name} is missing`)
  if (typeof value !== 'string' && !Number.isSafeInteger(value)) throw new Malformed(`${name} is not an id`)
  const id = String(value).trim()
  if (id.length > 100) throw new Malformed(`${name} is too long for an id`)
  return id
}

export function textIn(fields: Fields, name: string): string {
  const value = maybeTextIn(fields, name)
  if (value === null) throw new Malformed(`${name} is missing`)
  return value
}

export function maybeTextIn(fields: Fields, name: string): string | null {
  const text = textsIn(fields, name).join(', ')
  return text === '' ? null : text
}

/** For fields that some answers send as a text and others as a list of texts. */
export function textsIn(fields: Fields, name: string): string[] {
  const value = fields[name]
  const texts = Array.isArray(value) ? value : [value]
  return texts.filter((text) => !isAbsent(text)).map((text) => textOf(text, name))
}

/** Old pictures have protocol-relative links. Clients receive https links only, so that none can run a script. */
export function linkIn(fields: Fields, name: string): string | null {
  const text = maybeTextIn(fields, name)
  if (text === null) return null
  const url = URL.parse(text.startsWith('//') ? `https:${text}` : text)
  if (url?.protocol === 'http:') url.protocol = 'https:'
  return url?.protocol === 'https:' ? url.href : null
}

export function flagIn(fields: Fields, name: string): boolean {
  const flag = maybeFlagIn(fields, name)
  if (flag === null) throw new Malformed(`${name} is missing`)
  return flag
}

export function maybeFlagIn(fields: Fields, name: string): boolean | null {
  const value = fields[name]
  if (isAbsent(value)) return null
  if (typeof value === 'boolean') return value
  throw new Malformed(`${name} is neither true nor false`)
}

export function oneOf<const T extends string>(value: string, known: readonly T[], name: string): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new Malformed(`${name} is not one of ${known.join(', ')}`)
  return found
}

export function unixSecondsIn(fields: Fields, name: string): Date {
  return momentOf(numberIn(fields, name) * 1000, name)
}

/** `2017-01-03T03:12Z` (no seconds) and full ISO-8601; a moment without a zone is UTC. */
export function maybeMomentIn(fields: Fields, name: string): Date | null {
  const text = maybeTextIn(fields, name)
  if (text === null) return null
  const [, day, time, zone = 'Z'] = isoMoment.exec(text) ?? []
  if (day === undefined || time === undefined || !isDay(day)) throw new Malformed(`${name} is not a moment`)
  return momentOf(Date.parse(`${day}T${time}${zone}`), name)
}

const isoMoment =
  /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/

export function momentIn(fields: Fields, name: string): Date {
  const moment = maybeMomentIn(fields, name)
  if (moment === null) throw new Malformed(`${name} is missing`)
  return moment
}

/** A calendar day, `YYYY-MM-DD`, that exists. */
export function dayIn(fields: Fields, name: string): string {
  const text = textIn(fields, name)
  if (!isDay(text)) throw new Malformed(`${name} is not a day`)
  return text
}

/** `Date.parse` turns 30 February into 2 March. */
export function isDay(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text
}

function momentOf(ms: number, name: string): Date {
  // Postgres ends in 294276. No upstream event is before 1900 or after 2200, but milliseconds sent as seconds are.
  if (ms > Date.UTC(1900) && ms < Date.UTC(2200)) return new Date(ms)
  throw new Malformed(`${name} is not a moment`)
}

function isAbsent(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'string' && /^(?:null)?$/.test(value.trim())
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number') return String(value)
  throw new Malformed(`${name} is not text`)
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
