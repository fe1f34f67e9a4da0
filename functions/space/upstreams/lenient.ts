/**
 * A lenient parser for answers of servers that we do not control: tolerant in form, strict in the fields that are used.
 * Unknown keys pass. A number may arrive as numeric text, and a text as a list of texts. Any other deviation throws
 * `Malformed`, whose message names the field. The message is stored beside the quarantined answer and contains no value.
 */
export class Malformed extends Error {
  override name = 'Malformed'
}

export type Fields = Record<string, unknown>
export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string }

/** Turns `Malformed` into a value. Any other error is a defect of ours and is thrown on. */
export function parsing<T>(read: () => T): Parsed<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message }
    throw error
  }
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
  if (value === undefined || value === null || value === '') return null
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new Malformed(`${name} is not a number`)
}

export function textIn(fields: Fields, name: string): string {
  const value = maybeTextIn(fields, name)
  if (value === null) throw new Malformed(`${name} is missing`)
  return value
}

/** A blank text counts as missing, and so does the text "null", which DONKI sends. */
export function maybeTextIn(fields: Fields, name: string): string | null {
  const text = textsIn(fields, name).join(', ')
  return text === '' || text === 'null' ? null : text
}

/** For fields that some answers send as a text and others as a list of texts. */
export function textsIn(fields: Fields, name: string): string[] {
  const value = fields[name]
  if (value === undefined || value === null) return []
  const texts = Array.isArray(value) ? value : [value]
  return texts.map((text) => storable(text, name)).filter((text) => text !== '')
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
  const value = fields[name]
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
  return momentOf(Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`), name)
}

export function momentIn(fields: Fields, name: string): Date {
  const moment = maybeMomentIn(fields, name)
  if (moment === null) throw new Malformed(`${name} is missing`)
  return moment
}

/** A calendar day, `YYYY-MM-DD`, that exists. */
export function dayIn(fields: Fields, name: string): string {
  const text = textIn(fields, name)
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text)
    throw new Malformed(`${name} is not a day`)
  return text
}

function momentOf(ms: number, name: string): Date {
  // Postgres ends in 294276. No upstream event is before 1900 or after 2200, but milliseconds sent as seconds are.
  if (ms > Date.UTC(1900) && ms < Date.UTC(2200)) return new Date(ms)
  throw new Malformed(`${name} is not a moment`)
}

function storable(value: unknown, name: string): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Malformed(`${name} is not text`)
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
