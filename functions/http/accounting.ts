import type { MiddlewareHandler } from 'hono'
import { makeContext } from '../core/context.ts'
import { drain } from './body.ts'
import type { HttpEnv } from './mount.ts'

/** Builds the request's context, and afterwards reports its cost in response headers and in one log line. */
export function accounting(): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const started = performance.now()
    const requestId = validId(c.req.header('x-request-id')) ?? crypto.randomUUID()
    c.set('requestId', requestId)
    c.set('route', 'unmatched')
    const ctx = makeContext(c.env, {
      waitUntil: (work) => c.executionCtx.waitUntil(work),
      log: { requestId },
      after: positionFrom(c.req.header('x-position')),
    })
    c.set('ctx', ctx)
    await next()
    await drain(c.req.raw)
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
    if (ctx.principal !== null && !headers.has('cache-control'))
      headers.set('cache-control', 'private, no-store')
    ctx.log.info('request', {
      route: c.get('route'),
      principal: ctx.principal && `${ctx.principal.role}:${ctx.principal.sub}`,
      status: c.res.status,
      ms: Math.round(performance.now() - started),
      trips,
    })
  }
}

function validId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined
}

function positionFrom(header: string | undefined): string | null {
  return header !== undefined && /^\d{1,19}$/.test(header) ? header : null
}
