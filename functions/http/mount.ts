import type { Context, Hono } from 'hono'
import type { Ctx } from '../core/context.ts'
import { AppError } from '../core/errors.ts'
import { authenticate } from './auth.ts'
import { readJson, textFault, validate } from './body.ts'
import type { Answer, Endpoint } from './endpoint.ts'
import { idempotencyOf } from './idempotency.ts'
import { limitRate, rateClassOf } from './limits.ts'
import { etagOf, hasCurrent, versionFrom } from './version.ts'

export type HttpEnv = {
  Bindings: Record<string, unknown>
  Variables: { ctx: Ctx; requestId: string; route: string }
}

/** The way of a request: who, how often, what exactly; then one verb; then status and headers. */
export function mount(app: Hono<HttpEnv>, endpoints: readonly Endpoint[]): void {
  for (const endpoint of endpoints) {
    app.on(endpoint.method, honoPath(endpoint.path), async (c) => {
      const ctx = c.get('ctx')
      c.set('route', `${endpoint.method.toUpperCase()} ${endpoint.path}`)
      await admit(c, endpoint, ctx)
      const input = await inputOf(c, endpoint)
      ctx.idempotency = endpoint.idempotent
        ? await idempotencyOf({
            key: c.req.header('idempotency-key'),
            route: c.get('route'),
            path: c.req.path,
            body: input.body,
            principal: ctx.principal,
          })
        : null
      const answer = await endpoint.handle(ctx, input)
      return answer instanceof Response ? answer : respond(c, answer)
    })
  }
  for (const [path, methods] of methodsByPath(endpoints)) app.all(honoPath(path), () => refuseMethod(methods))
}

const honoPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

async function admit(c: Context<HttpEnv>, endpoint: Endpoint, ctx: Ctx): Promise<void> {
  const address = c.req.header('cf-connecting-ip') ?? 'unknown'
  if (endpoint.roles !== 'public') {
    try {
      ctx.principal = await authenticate(c.req.header('authorization'), ctx.env)
    } catch (error) {
      await limitRate(ctx, 'write', address)
      throw error
    }
  }
  await limitRate(ctx, rateClassOf(c.req.method), address)
  if (endpoint.roles === 'public' || ctx.principal === null) return
  if (!endpoint.roles.includes(ctx.principal.role))
    throw new AppError('forbidden', `This route is for: ${endpoint.roles.join(', ')}`)
}

async function inputOf(c: Context<HttpEnv>, endpoint: Endpoint) {
  const params = endpoint.params ? validate(endpoint.params, cleanText(c.req.param()), 'path') : {}
  const query = validatedQuery(c, endpoint)
  const version = endpoint.ifMatch ? versionFrom(c.req.header('if-match')) : 0
  const reads = endpoint.method !== 'get'
  const sent = reads ? await readJson(c.req.raw, endpoint.bodyLimitBytes) : undefined
  if (endpoint.body === undefined) refuseMembers(sent)
  const body = endpoint.body === undefined ? {} : validate(endpoint.body, sent, 'body')
  return { params, query, body, version, lastEventId: c.req.header('last-event-id') ?? null }
}

function validatedQuery(c: Context<HttpEnv>, { query }: Endpoint): unknown {
  const sent = c.req.queries()
  const twice = Object.keys(sent).filter((name) => (sent[name]?.length ?? 0) > 1)
  if (twice.length > 0)
    throw new AppError('validation_failed', `Given more than once: ${twice.join(', ')}`, {
      errors: twice.map((path) => ({ path, message: 'Give it once' })),
    })
  const values = cleanText(c.req.query())
  if (query !== undefined) return validate(query, values, 'query')
  const unknown = Object.keys(values)
  if (unknown.length > 0)
    throw new AppError('validation_failed', `Unknown query parameters: ${unknown.join(', ')}`, {
      errors: unknown.map((path) => ({
        path,
        message: 'Not a parameter of this route',
        code: 'unrecognized_keys',
      })),
    })
  return {}
}

function cleanText(values: Record<string, string>): Record<string, string> {
  const errors = Object.entries(values).flatMap(
    ([name, value]) => textFault(name, name) ?? textFault(value, name) ?? [],
  )
  if (errors.length > 0) throw new AppError('validation_failed', undefined, { errors })
  return values
}

/** A route without a body schema takes none, or an empty object. */
function refuseMembers(sent: unknown): void {
  const names =
    typeof sent === 'object' && sent !== null && !Array.isArray(sent) ? Object.keys(sent) : ['body']
  if (sent === undefined || names.length === 0) return
  throw new AppError('validation_failed', 'This route takes no body', {
    errors: names.map((path) => ({ path, message: 'Not taken by this route', code: 'unrecognized_keys' })),
  })
}

function respond(c: Context<HttpEnv>, { status, body, location, version, headers = {} }: Answer): Response {
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  if (location !== undefined) c.header('location', location)
  if (version !== undefined) {
    c.header('etag', etagOf(version))
    if (c.req.method === 'GET' && hasCurrent(c.req.header('if-none-match'), version)) return c.body(null, 304)
  }
  return body === undefined ? c.body(null, status) : c.json(body, status === 204 ? 200 : status)
}

function methodsByPath(endpoints: readonly Endpoint[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { path, method } of endpoints)
    found.set(path, [...(found.get(path) ?? []), method.toUpperCase()])
  return found
}

function refuseMethod(methods: string[]): never {
  throw new AppError('method_not_allowed', `This path takes: ${methods.join(', ')}`, {
    extra: { allow: methods },
  })
}
