import type { z } from 'zod'
import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import type { ProblemCode } from '../registry/problems.ts'
import type { Role } from '../registry/roles.ts'
import type { Cacheable } from './freshness.ts'

/** One endpoint of the contract. Routing, validation, refusals and the OpenAPI document all come from this value. */
export type Endpoint = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As OpenAPI writes it: `/v1/shop/orders/{id}`. */
  path: string
  tag: string
  summary: string
  description?: string | undefined
  roles: readonly Role[] | 'public'
  params?: z.ZodObject | undefined
  query?: z.ZodObject | undefined
  body?: z.ZodType | undefined
  /** The body in more detail than is validated at the door, for the document. */
  describedBody?: z.ZodType | undefined
  bodyLimitBytes: number
  /** A change of a versioned resource. The request needs If-Match, and `input.version` carries its version. */
  ifMatch: boolean
  /** The body may be gzip; `bodyLimitBytes` bounds the unpacked one too. */
  packed: boolean
  /** The body may be NDJSON: each line is an element of this member of the body. */
  lines: string | null
  /** The body may be `application/x-www-form-urlencoded`: the first value of each name is a member. */
  formFields: boolean
  /** The verb checks each element of this member of the body by itself, so one of them cannot refuse the others. */
  items: string | null
  /** NaN and infinities in the body, which JSON has not, are read as null. */
  bareNumbers: boolean
  /**
   * For people who follow a link: any query is accepted, blank and repeated names too. `input.query` has the first value
   * of each name, and `input.search` is the query as it came.
   */
  openQuery: boolean
  /** False for what must never be refused, such as a redirect: the route counts no requests. */
  rateLimited: boolean
  /** Takes Idempotency-Key. Every POST with a token does; without one, callers look alike. */
  idempotent: boolean
  /** Round trips to Postgres that a request may take. The operator sees the requests that take more. */
  trips: number
  /** The schema of each success; null is an empty body. A string names a media type other than JSON. */
  answers: Partial<Record<Success, z.ZodType | string | null>>
  /** A public read whose answers carry `cache`. */
  reusable?: boolean | undefined
  /** A read whose body never changes without its version, so If-None-Match with that version gets 304. */
  fixedByVersion?: boolean | undefined
  /** Further media types of the same answer, chosen by Accept: `input.form`. */
  alsoAs?: Record<string, z.ZodType> | undefined
  /** The data of each event of `text/event-stream`, by the name of the event, besides `cursor` and `reset`. */
  stream?: Readonly<Record<string, z.ZodType>>
  problems: readonly ProblemCode[]
  /** For a list whose cursors have other names than `?cursor=` and `nextCursor`. */
  cursors?: CursorFields | undefined
  handle: (ctx: Ctx, input: Input) => Promise<Answer | Response>
}

/** 302 sends the client elsewhere, and no cache keeps it. */
type Success = 200 | 201 | 202 | 204 | 302
/** The query parameter that takes a cursor, and the members of the answer that give one. */
export type CursorFields = { takes: string; gives: readonly string[] }

export type Answer = {
  status: Success
  body?: unknown
  location?: string
  /** The version of the resource, which travels as a strong ETag. */
  version?: number
  headers?: Record<string, string>
  /** A public read that may be reused: Cache-Control, Age, and a tag of the content with 304. */
  cache?: Cacheable
  /** A media type other than JSON, such as GeoJSON. */
  mediaType?: string
}

export type Input = {
  params: unknown
  query: unknown
  body: unknown
  version: number
  lastEventId: string | null
  /** The media type that the client prefers, of those that the endpoint has. */
  form: string
  search: string
  /** For what no schema describes: headers, and Cloudflare's `cf`. */
  request: Request
  /** Sends a request to this application, as another client would. */
  call: (request: Request) => Promise<Response>
}

export type Given<T extends z.ZodType | undefined> = T extends z.ZodType ? z.infer<T> : Record<string, never>

/** A route without a schema for its query has none, or takes any. */
export type Asked<Q extends Schema> = Q extends z.ZodType ? z.infer<Q> : Record<string, string>

type Spec<P, Q, B> = Omit<
  Endpoint,
  | 'method'
  | 'path'
  | 'tag'
  | 'handle'
  | 'params'
  | 'query'
  | 'body'
  | 'bodyLimitBytes'
  | 'ifMatch'
  | 'packed'
  | 'lines'
  | 'formFields'
  | 'items'
  | 'bareNumbers'
  | 'openQuery'
  | 'rateLimited'
  | 'idempotent'
  | 'trips'
  | 'problems'
> & {
  params?: P
  query?: Q
  body?: B
  bodyLimitBytes?: number
  ifMatch?: boolean
  packed?: boolean
  lines?: string
  formFields?: boolean
  items?: string
  bareNumbers?: boolean
  openQuery?: boolean
  rateLimited?: boolean
  trips?: number
  problems?: readonly ProblemCode[]
}

type Schema = z.ZodObject | undefined
type Body = z.ZodType | undefined

type Handle<P extends Schema, Q extends Schema, B extends Body> = (
  ctx: Ctx,
  input: {
    params: Given<P>
    query: Asked<Q>
    body: Given<B>
    version: number
    lastEventId: string | null
    form: string
    search: string
    request: Request
    call: Input['call']
  },
) => Promise<Answer | Response>

/** Declares a route with its handler, which gets validated input only. */
type Declare = <P extends Schema = undefined, Q extends Schema = undefined, B extends Body = undefined>(
  path: string,
  spec: Spec<P, Q, B>,
  handle: Handle<P, Q, B>,
) => Endpoint

/** Declares endpoints below one base path and under one tag: `at('/v1/shop/orders', 'shop').get('/{id}', …)`. */
export function at(base: string, tag: string): Record<Endpoint['method'], Declare> {
  const declare =
    (method: Endpoint['method']): Declare =>
    (path, spec, handle) => ({
      bodyLimitBytes: 64 * 1024,
      ifMatch: false,
      packed: false,
      lines: null,
      formFields: false,
      items: null,
      bareNumbers: false,
      openQuery: false,
      rateLimited: true,
      trips: 1,
      problems: [],
      ...spec,
      method,
      path: `${base}${path}`,
      tag,
      idempotent: method === 'post' && spec.roles !== 'public',
      // mount.ts passes input that it parsed with these schemas.
      handle: handle as Endpoint['handle'],
    })
  return {
    get: declare('get'),
    post: declare('post'),
    put: declare('put'),
    patch: declare('patch'),
    delete: declare('delete'),
  }
}

export const ok = (body: unknown, more: Omit<Answer, 'status' | 'body'> = {}): Answer => ({
  status: 200,
  body,
  ...more,
})
export const created = (
  location: string,
  body: unknown,
  more: Omit<Answer, 'status' | 'body' | 'location'> = {},
): Answer => ({
  status: 201,
  location,
  body,
  ...more,
})
export const noContent = (): Answer => ({ status: 204 })

/** Sends the client to another address, which is kept byte for byte. */
export const redirect = (location: string, headers: Record<string, string> = {}): Answer => ({
  status: 302,
  location,
  headers,
})

/** A versioned resource, with its ETag. */
export const versioned = (resource: { version: number }): Answer =>
  ok(resource, { version: resource.version })

/** The media types of an endpoint's success, the usual one first. */
export function formsOf({ answers, alsoAs = {} }: Endpoint): string[] {
  const usual = Object.values(answers).flatMap((answer) => {
    if (typeof answer === 'string') return [answer]
    return answer === null ? [] : ['application/json']
  })
  return [...new Set([...usual, ...Object.keys(alsoAs)])]
}

/** The id of the caller’s row, for roles whose token names a row. */
export function callerId({ principal }: Ctx): number {
  if (principal !== null && 'id' in principal) return principal.id
  throw new AppError('forbidden', 'This route needs a token whose sub is the id of a row')
}

/** The row that a read found, or the problem `not_found`. */
export function found<T>(row: T | null, detail?: string): T {
  if (row === null) throw new AppError('not_found', detail)
  return row
}
