import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { Endpoint } from './endpoint.ts'
import type { HttpEnv } from './mount.ts'

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
    allowHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'Last-Event-ID',
      'X-Position',
      'X-Request-Id',
    ],
    exposeHeaders: [
      'ETag',
      'Idempotency-Replayed',
      'Location',
      'RateLimit',
      'Retry-After',
      'Server-Timing',
      'X-DB-Round-Trips',
      'X-Position',
      'X-Request-Id',
    ],
    maxAge: 600,
  })
  // An OPTIONS request that is no preflight gets 405 with Allow, like any unsupported method.
  return (c, next) =>
    c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') === undefined
      ? next()
      : answer(c, next)
}
