import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { type Ctx, readAfter } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { textFault } from '../core/faults.ts'
import { formFor } from './accept.ts'
import { authenticate } from './auth.ts'
import { readBody, refuse, validate } from './body.ts'
import { handleBound } from './bound-cursors.ts'
import { type Answer, type Endpoint, formsOf, type Input } from './endpoint.ts'
import { byName } from './fields.ts'
import { freshnessOf } from './freshness.ts'
import { idempotencyOf, keyFrom } from './idempotency.ts'
import { listsOf } from './json-schema.ts'
import { limitRate, rateClassOf } from './limits.ts'
import { etagOf, isCurrent, versionFrom } from './version.ts'

export type HttpEnv = {
  Bindings: Record<string, unknown>
  /** `budget`: round trips to Postgres that the route may take. */
  Variables: { ctx: Ctx; requestId: string; route: string; budget: number }
}

/** Every request passes token, rate limit and validation; then one verb runs; then status and headers are set. */
export function mount(
  app: Hono<HttpEnv>,
  endpoints: readonly Endpoint[],
  isCurrentDevice: (ctx: Ctx) => Promise<boolean> = async () => true,
): void {
  // Sorted, `/orders/quote` precedes `/orders/{id}`, so it refuses methods that only the latter supports.
  const paths = [...new Set(endpoints.map(({ path }) => path))].sort()
  for (const path of paths) {
    const here = endpoints.filter((endpoint) => endpoint.path === path)
    for (const endpoint of here)
      app.on(endpoint.method, honoPath(path), async (c) =>
        run(c, endpoint, {
          isCurrentDevice,
          call: async (request) => app.fetch(request, c.env, c.executionCtx),
        }),
      )
    app.all(honoPath(path), () => refuseMethod(here))
  }
}

async function run(
  c: Context<HttpEnv>,
  endpoint: Endpoint,
  { isCurrentDevice, call }: { isCurrentDevice: (ctx: Ctx) => Promise<boolean>; call: Input['call'] },
): Promise<Response> {
  const ctx = c.get('ctx')
  c.set('route', `${endpoint.method.toUpperCase()} ${endpoint.path}`)
  c.set('budget', endpoint.trips)
  await admit(c, endpoint, ctx)
  // A shared cache must not serve one media type to a client that accepts the other.
  const forms = formsOf(endpoint)
  if (forms.length > 1) c.header('vary', 'Accept', { append: true })
  const key = endpoint.idempotent ? keyFrom(c.req.header('idempotency-key')) : null
  const form = formFor(c.req.header('accept'), forms)
  const input = { ...(await inputOf(c, endpoint)), form, call }
  const { pathname, search } = new URL(c.req.url)
  ctx.idempotency = await idempotencyOf({
    key,
    route: c.get('route'),
    path: pathname + search,
    body: input.body,
    version: input.version,
    principal: ctx.principal,
    requestId: c.get('requestId'),
  })
  // It may need a round trip, so a request that is refused anyway does not come to it.
  if (isDevice(ctx) && !(await isCurrentDevice(ctx)))
    throw new AppError('unauthenticated', 'The credential of this device was replaced')
  const answer = await handleBound(endpoint, ctx, input)
  if (!(answer instanceof Response)) return respond(c, endpoint, answer)
  if (c.req.method !== 'HEAD') return answer
  // A stream that no client reads would stay open.
  await answer.body?.cancel()
  return new Response(null, answer)
}

const isDevice = ({ principal }: Ctx) => principal !== null && 'gen' in principal

const honoPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

async function admit(c: Context<HttpEnv>, endpoint: Endpoint, ctx: Ctx): Promise<void> {
  const address = c.req.header('cf-connecting-ip') ?? 'unknown'
  if (endpoint.roles !== 'public') {
    try {
      const { principal, expiresAt } = await authenticate(c.req.header('authorization'), ctx.env)
      ctx.principal = principal
      ctx.expiresAt = expiresAt
      // Only of a caller with a token: a position of the future sends each read to the primary.
      const position = c.req.header('x-position')
      if (position !== undefined && /^\d{1,19}$/.test(position)) readAfter(ctx, position)
    } catch (error) {
      if (endpoint.rateLimited) await limitRate(ctx, 'write', address)
      throw error
    }
  }
  if (endpoint.rateLimited) await limitRate(ctx, rateClassOf(c.req.method), address)
  if (endpoint.roles === 'public' || ctx.principal === null) return
  if (!endpoint.roles.includes(ctx.principal.role))
    throw new AppError('forbidden', `This route is for: ${endpoint.roles.join(', ')}`)
}

async function inputOf(c: Context<HttpEnv>, endpoint: Endpoint) {
  const url = new URL(c.req.url)
  if (!isUtf8(url.pathname))
    refuse('path', [{ path: 'path', message: 'Must be UTF-8', code: 'invalid_text' }])
  const params = cleanText('path', Object.entries(c.req.param()))
  return {
    params: validate(endpoint.params ?? nothing, params, 'path'),
    query: endpoint.openQuery
      ? openQuery(url)
      : validate(endpoint.query ?? nothing, strictQuery(url, endpoint), 'query'),
    search: url.search,
    request: c.req.raw,
    version: endpoint.ifMatch ? versionFrom(c.req.header('if-match')) : 0,
    body: await bodyOf(c, endpoint),
    lastEventId: c.req.header('last-event-id') ?? null,
  }
}

const nothing = z.strictObject({})

function strictQuery({ search, searchParams }: URL, { query }: Endpoint): Record<string, string> {
  if (!isUtf8(search)) refuse('query', [{ path: 'query', message: 'Must be UTF-8', code: 'invalid_text' }])
  return cleanText('query', joinedLists([...searchParams], listsOf(query)))
}

/** Some clients send a list as `status=new&status=accepted`, although the document says `status=new,accepted`. */
function joinedLists(values: [string, string][], lists: ReadonlySet<string>): [string, string][] {
  const joined = Map.groupBy(
    values.filter(([name]) => lists.has(name)),
    ([name]) => name,
  )
  return [
    ...values.filter(([name]) => !lists.has(name)),
    ...[...joined].map(([name, parts]): [string, string] => [name, parts.map(([, part]) => part).join(',')]),
  ]
}

/** The first value of each name. Bytes that are not text become U+FFFD, and so does NUL, which Postgres cannot store. */
function openQuery({ searchParams }: URL): Record<string, string> {
  const first = byName<string>({})
  for (const [name, value] of searchParams) first[name] ??= value.replaceAll('\0', '\ufffd')
  return first
}

/** Percent-encoded bytes that are not UTF-8 would arrive as different text. */
function isUtf8(encoded: string): boolean {
  try {
    return decodeURIComponent(encoded).isWellFormed()
  } catch {
    return false
  }
}

function cleanText(where: 'path' | 'query', values: [string, string][]): Record<string, string> {
  const [once, repeated] = [new Set<string>(), new Set<string>()]
  for (const [name] of values) (once.has(name) ? repeated : once).add(name)
  const faults = [
    ...values.flatMap(([name, value]) => textFault(name, name) ?? textFault(value, name) ?? []),
    ...[...repeated].map((path) => ({ path, message: 'Give this parameter once', code: 'repeated' })),
    // A blank value would become the number 0.
    ...values
      .filter(([, value]) => value.trim() === '')
      .map(([path]) => ({ path, message: 'Give this parameter a value, or omit it', code: 'blank' })),
  ]
  return faults.length > 0 ? refuse(where, faults) : Object.fromEntries(values)
}

/** A route without a body accepts no body or an empty object. */
async function bodyOf(c: Context<HttpEnv>, endpoint: Endpoint): Promise<unknown> {
  const { method, body } = endpoint
  if (method === 'get') return {}
  const sent = await readBody(c.req.raw, endpoint)
  return body === undefined
    ? validate(nothing, sent === undefined ? {} : sent, 'body')
    : validate(body, sent, 'body')
}

async function respond(c: Context<HttpEnv>, { fixedByVersion }: Endpoint, answer: Answer): Promise<Response> {
  const { status, body, location, version, cache, mediaType, headers = {} } = answer
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  if (location !== undefined) c.header('location', location)
  if (version !== undefined) c.header('etag', etagOf(version))
  const text = body === undefined ? null : JSON.stringify(body)
  if (cache !== undefined && text !== null)
    for (const [name, value] of await freshnessOf(cache, text)) c.header(name, value)
  const tag = fixedByVersion || cache !== undefined ? c.res.headers.get('etag') : null
  if (tag !== null && isCurrent(c.req.header('if-none-match'), tag)) return c.body(null, 304)
  if (text === null) return c.body(null, status)
  c.header('content-type', mediaType ?? 'application/json')
  return c.body(text, status === 204 ? 200 : status)
}

function refuseMethod(endpoints: readonly Endpoint[]): never {
  const allow = endpoints.flatMap(({ method }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  )
  throw new AppError('method_not_allowed', `This path supports: ${allow.join(', ')}`, { extra: { allow } })
}
