import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { Endpoint } from './endpoint.ts'
import type { HttpEnv } from './mount.ts'

const documentedHeaders = [
  'Authorization',
  'Content-Encoding',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'X-Position',
  'X-Request-Id',
]

/** The headers of our answers that a browser would hide from a page of another origin. */
const exposed = [
  'Age',
  'Allow',
  'Content-Disposition',
  'Date',
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'RateLimit',
  'Retry-After',
  'Server-Timing',
  'WWW-Authenticate',
  'X-DB-Round-Trips',
  'X-Position',
  'X-Request-Id',
]

/** Public reads are open to every origin; other routes only to the origins in CORS_ORIGINS. */
export function crossOrigin(endpoints: readonly Endpoint[]): MiddlewareHandler<HttpEnv> {
  const publicReads = endpoints
    .filter(({ roles, method }) => roles === 'public' && method === 'get')
    .map(({ path }) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`))
  const answer = cors({
    origin: (origin, c) => {
      if (publicReads.some((path) => path.test(c.req.path))) return '*'
      return c.get('ctx').env.CORS_ORIGINS.includes(origin) ? origin : null
    },
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: documentedHeaders,
    exposeHeaders: exposed,
    maxAge: 600,
  })
  // An OPTIONS request that is no preflight gets 405 with Allow, like any unsupported method.
  return async (c, next) => {
    const { method } = c.req
    if (method === 'OPTIONS' && c.req.header('access-control-request-method') === undefined) return next()
    const response = await answer(c, next)
    const requested = c.req.header('access-control-request-headers')
    // Hono lays the headers of `c.res` over the response that a middleware returns.
    if (method === 'OPTIONS' && requested !== undefined)
      c.res.headers.set('access-control-allow-headers', allowed(requested))
    return response
  }
}

/**
 * Any header that a client of an allowed origin wants to send. A list of ours would protect nothing, because requests
 * carry no cookies, and it would break clients that add `Cache-Control` or the headers of a tracer.
 */
function allowed(requested: string): string {
  const names = requested.split(',').map((name) => name.trim().toLowerCase())
  const sound = names.filter((name) => /^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name)).slice(0, 50)
  return [...new Set([...documentedHeaders.map((name) => name.toLowerCase()), ...sound])].join(',')
}
