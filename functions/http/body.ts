import type { z } from 'zod'
import { AppError } from '../core/errors.ts'
import { type Fault, faultsOf, mostFaults, short, unstorable } from '../core/faults.ts'
import { gunzip } from './unpack.ts'

export type Accepted = {
  /** Of the bytes on their way, and of the unpacked ones. */
  bodyLimitBytes: number
  /** The body may be gzip. */
  packed: boolean
  /** The body may be NDJSON: each line is an element of this member. */
  lines: string | null
  /** The body may be a form: the first value of each name is a member. */
  formFields: boolean
  /** The verb checks each element of this member, texts included. */
  items: string | null
  /** NaN and infinities, which JSON has not, are read as null. */
  bareNumbers: boolean
}

/**
 * The parsed body, or undefined without one. A refusal needs no more of the body than shows the fault: a caller who is
 * refused does not wait until it has sent everything.
 */
export async function readBody(request: Request, accepted: Accepted): Promise<unknown> {
  const text = await readText(request, accepted)
  if (text === '') return undefined
  const body = parseAs(request, accepted, text)
  const fault = unstorable(body, accepted.items)
  if (fault) refuse('body', [fault])
  return body
}

function parseAs(request: Request, { lines, formFields, bareNumbers }: Accepted, text: string): unknown {
  if (lines !== null && isNdjson(request)) return { [lines]: parseLines(text, bareNumbers) }
  return formFields && isForm(request) ? parseForm(text) : parse(text, bareNumbers)
}

const typeOf = (request: Request) => request.headers.get('content-type') ?? ''
export const hasJsonType = (request: Request) => /^application\/json\s*(;|$)/i.test(typeOf(request))
const isNdjson = (request: Request) => /^application\/(x-)?(ndjson|jsonl)\s*(;|$)/i.test(typeOf(request))
const isForm = (request: Request) => /^application\/x-www-form-urlencoded\s*(;|$)/i.test(typeOf(request))

const isTaken = (request: Request, { lines, formFields }: Accepted) =>
  hasJsonType(request) || (lines !== null && isNdjson(request)) || (formFields && isForm(request))

async function readText(request: Request, accepted: Accepted): Promise<string> {
  const { bodyLimitBytes, packed } = accepted
  const tooLarge = () =>
    new AppError('body_too_large', `This route takes at most ${bodyLimitBytes} bytes`, {
      extra: { limitBytes: bodyLimitBytes },
    })
  const unpack = packingOf(request, packed)
  if (Number(request.headers.get('content-length') ?? 0) > bodyLimitBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(request)) {
    if (!isTaken(request, accepted))
      throw new AppError('unsupported_media_type', `Send Content-Type: ${typesOf(accepted).join(' or ')}`, {
        extra: { accept: typesOf(accepted) },
      })
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > bodyLimitBytes) throw tooLarge()
  }
  const sent = new Uint8Array(await new Blob(chunks).arrayBuffer())
  const whole = unpack && size > 0 ? gunzip(sent, bodyLimitBytes) : sent
  if (whole === null) throw tooLarge()
  return decoded(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(whole))
}

const typesOf = ({ lines, formFields }: Accepted) => [
  'application/json',
  ...(lines === null ? [] : ['application/x-ndjson']),
  ...(formFields ? ['application/x-www-form-urlencoded'] : []),
]

/** Whether the body must be unpacked. */
function packingOf(request: Request, packed: boolean): boolean {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity') return false
  if (packed && (encoding === 'gzip' || encoding === 'x-gzip')) return true
  throw new AppError(
    'unsupported_media_type',
    packed ? 'Send the body uncompressed, or as gzip' : 'Send the body uncompressed',
    { extra: { acceptEncoding: packed ? ['gzip', 'identity'] : ['identity'] } },
  )
}

function decoded(decode: () => string): string {
  try {
    return decode()
  } catch {
    throw new AppError('malformed_json', 'The body is not UTF-8')
  }
}

/** The body as it arrives. The rest of it stays readable. */
async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return
  const reader = request.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(cutOff)
      if (done) return
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}

/** The connection ended within the body, or the body is not in the form that its headers promise. */
function cutOff(cause: unknown): never {
  throw new AppError('body_incomplete', 'The body ended early, or its chunks are malformed', { cause })
}

/** A body of the wrong kind may arrive slowly, or never end. */
const [mostDrainedBytes, mostDrainingMs] = [1024 * 1024, 500]

/**
 * Reads the rest of a body that was refused unread. Otherwise workerd resets the connection, and the caller's next
 * request on that connection fails. A body above these bounds is not worth reading and ends that way.
 */
export async function drain({ body }: Request): Promise<void> {
  if (body === null || body.locked) return
  const reader = body.getReader()
  let size = 0
  let late = false
  const timer = setTimeout(() => {
    late = true
    reader.cancel().catch(() => undefined)
  }, mostDrainingMs)
  try {
    while (!late && size <= mostDrainedBytes) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
    }
  } catch {
    // The answer says why the body was refused; that its rest was cut off adds nothing.
  } finally {
    clearTimeout(timer)
  }
}

/** One value a line. The refusal names the line, so that the client can find it in a large body. */
function parseLines(text: string, bareNumbers: boolean): unknown[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    try {
      return [parseValue(line, bareNumbers)]
    } catch {
      throw new AppError('malformed_json', `Line ${at + 1} is not one JSON value`)
    }
  })
}

function parseForm(text: string): Record<string, string> {
  const first = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) if (!first.has(name)) first.set(name, value)
  return Object.fromEntries(first)
}

function parse(text: string, bareNumbers: boolean): unknown {
  try {
    return parseValue(text, bareNumbers)
  } catch {
    throw new AppError('malformed_json', 'Send one JSON value, in UTF-8')
  }
}

/**
 * Firmware prints a float that is no number as C does: `nan`, `-inf`. Texts are left as they are. The end of a text is
 * optional: otherwise the search begins anew at each quote inside of a text without an end.
 */
const textOrBareNumber = /"(?:[^"\\]|\\.)*"?|[+-]?\b(?:nan|inf(?:inity)?)\b/gi

function parseValue(text: string, bareNumbers: boolean): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!bareNumbers) throw error
    return JSON.parse(text.replaceAll(textOrBareNumber, (found) => (found.startsWith('"') ? found : 'null')))
  }
}

type Where = 'path' | 'query' | 'body'

/** Returns the parsed input, or throws a 400 that names the fields at fault. */
export function validate(schema: z.ZodType, value: unknown, where: Where): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const named = ({ path, ...fault }: Fault) => ({ path: path === '' ? where : path, ...fault })
  return refuse(where, faultsOf(result.error).map(named))
}

/** Throws a 400 with the first of these faults. */
export function refuse(where: Where, faults: readonly Fault[]): never {
  const errors = faults.slice(0, mostFaults)
  const named = errors.slice(0, mostNamed).map(({ path }) => short(path, 40))
  const more = errors.length > mostNamed ? ' and more' : ''
  throw new AppError(
    'validation_failed',
    `The ${where} does not match the contract: ${named.join(', ')}${more}`,
    { errors },
  )
}

const mostNamed = 10
