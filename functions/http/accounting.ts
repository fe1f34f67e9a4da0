import type { MiddlewareHandler } from 'hono'
import { makeContext } from '../core/context.ts'
import { countOpen } from '../core/report.ts'
import { drain } from './body.ts'
import type { HttpEnv } from './mount.ts'

/** Builds the request's context, and afterwards reports its cost in response headers and in one log line. */
export function accounting(): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const started = performance.now()
    const requestId = validId(c.req.header('x-request-id')) ?? crypto.randomUUID()
    c.set('requestId', requestId)
    c.set('route', 'unmatched')
    c.set('budget', 1)
    const ctx = makeContext(c.env, {
      waitUntil: (work) => c.executionCtx.waitUntil(work),
      log: { requestId },
    })
    c.set('ctx', ctx)
    const seconds = () => (performance.now() - started) / 1_000
    const end = countOpen()
    let left = false
    // The runtime drops the work of a request whose client has left, and then nothing below is reached.
    const leave = () => {
      left = true
      end()
      ctx.metrics.observe('http_server_request_duration_seconds', labelsOf(c.get('route'), 'left'), seconds())
      ctx.log.info('request', { route: c.get('route'), left: true, ms: Math.round(seconds() * 1_000) })
    }
    const { signal } = c.req.raw
    signal.addEventListener('abort', leave)
    try {
      await next()
      await drain(c.req.raw)
    } finally {
      signal.removeEventListener('abort', leave)
      end()
    }
    if (left) return
    const { trips, dbMs, verb } = ctx.metrics
    const headers = c.res.headers
    headers.set('x-request-id', requestId)
    // Cloudflare adds it, workerd alone does not. Pages count ages by it.
    headers.set('date', new Date().toUTCString())
    if (trips > 0) {
      headers.set('x-db-round-trips', String(trips))
      headers.set('server-timing', `db;dur=${dbMs.toFixed(1)};desc="${verb}", trips;desc="${trips}"`)
    }
    if (ctx.replayed) headers.set('idempotency-replayed', 'true')
    if (ctx.position !== null) headers.set('x-position', ctx.position)
    // Without it a cache may keep a 200 by its own rule (RFC 9111 §4.2.2): also of a postback by GET.
    if (!headers.has('cache-control')) headers.set('cache-control', 'private, no-store')
    const labels = labelsOf(c.get('route'), `${Math.floor(c.res.status / 100)}xx`)
    ctx.metrics.observe('http_server_request_duration_seconds', labels, seconds())
    ctx.metrics.observe('http_server_db_round_trips', labels, trips)
    if (trips > c.get('budget')) {
      const { status: _, ...over } = labels
      ctx.metrics.count('http_server_over_budget_total', over)
    }
    ctx.log.info('request', {
      route: c.get('route'),
      principal: ctx.principal && `${ctx.principal.role}:${ctx.principal.sub}`,
      status: c.res.status,
      ms: Math.round(seconds() * 1_000),
      trips,
    })
  }
}

/** Method and path of the endpoint, and never those of the request: a caller could make any number of series. */
function labelsOf(route: string, status: string) {
  const [method = '', path] = route.split(' ')
  return path === undefined ? { route, method: 'any', status } : { route: path, method, status }
}

function validId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined
}
