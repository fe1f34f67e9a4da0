import type { MiddlewareHandler } from 'hono'
import { AppError } from '../core/errors.ts'
import type { Env } from '../registry/env.ts'
import { hasJsonType } from './body.ts'
import type { HttpEnv } from './mount.ts'

export const noSuchPath = 'No such path: see /openapi.json'

/**
 * Routes below /v1/dev exist with `npm start` only. Any missing condition answers as an unknown path. The page itself must
 * send the request: another site can neither send JSON without a preflight nor claim this origin.
 */
export function developmentOnly(): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const { hostname, origin } = new URL(c.req.url)
    const isOwnPage = c.req.header('origin') === origin && hasJsonType(c.req.raw)
    if (!isDevelopment(c.get('ctx').env) || !isLoopback(hostname) || !isOwnPage)
      throw new AppError('not_found', noSuchPath)
    return next()
  }
}

/** `npm start` sets all three. A deployed Worker has no Neon proxy. */
export function isDevelopment({ AUTH_SECRET, DEV_SIGN_IN, NEON_PROXY }: Env): boolean {
  return AUTH_SECRET !== undefined && DEV_SIGN_IN !== undefined && NEON_PROXY !== undefined
}

export function isLoopback(hostname: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
}
