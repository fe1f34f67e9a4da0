import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { Ctx } from './core/context.ts'
import { AppError } from './core/errors.ts'
import type { Job } from './core/job.ts'
import { makeLog } from './core/log.ts'
import { DatabaseError } from './core/sqlstate.ts'
import { accounting } from './http/accounting.ts'
import { crossOrigin } from './http/cross-origin.ts'
import { developmentOnly, noSuchPath } from './http/development.ts'
import { documentEndpoints } from './http/document.ts'
import type { Endpoint } from './http/endpoint.ts'
import type { Module, Webhooks } from './http/module.ts'
import { type HttpEnv, mount } from './http/mount.ts'
import { pageFor } from './http/pages.ts'
import { asAppError, problemResponse } from './http/problem.ts'
import { sessionEndpoints } from './http/session.ts'

type System = { modules: readonly Module[]; jobs: readonly Job[] }

/** `endpoints` and `webhooks` are the contract, from which the document is made. */
type App = { app: Hono<HttpEnv>; endpoints: readonly Endpoint[]; webhooks: Webhooks }

/** The HTTP application of these rows, with the list of its endpoints. */
export function createApp({ modules, jobs }: System): App {
  const webhooks: Webhooks = Object.assign({}, ...modules.map((module) => module.webhooks ?? {}))
  const queues = modules.flatMap((module) => module.queues ?? [])
  const stories = modules.flatMap(({ story = [] }) => story)
  const matters = modules.flatMap((module) => module.matters ?? [])
  const watches = modules.flatMap((module) => module.watch?.({ jobs }) ?? [])
  const endpoints: readonly Endpoint[] = [
    ...modules.flatMap((module) =>
      module.endpoints({ jobs, webhooks, queues, watches, stories, matters, all: () => endpoints }),
    ),
    ...sessionEndpoints(modules.map(({ name }) => name)),
    ...documentEndpoints(() => endpoints, webhooks),
  ]
  const app = new Hono<HttpEnv>()

  app.use(accounting())
  // API responses get a deny-all Content-Security-Policy; HTML pages set their own.
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      crossOriginResourcePolicy: 'cross-origin',
      strictTransportSecurity: 'max-age=31536000',
      xFrameOptions: 'DENY',
      overwrite: false,
    }),
  )
  app.use(crossOrigin(endpoints))
  app.use('/v1/dev/*', developmentOnly())
  const judges = modules.flatMap(({ isCurrentDevice = [] }) => isCurrentDevice)
  mount(app, endpoints, async (ctx) => (await Promise.all(judges.map((judge) => judge(ctx)))).every(Boolean))

  app.notFound(async (c) => {
    const page = await pageFor(c)
    if (page !== null) return page
    throw new AppError('not_found', noSuchPath)
  })

  app.onError((error, c) => {
    const problem = asAppError(error)
    const requestId = c.get('requestId')
    // A misconfigured Worker fails before the context exists.
    const ctx: Ctx | undefined = c.get('ctx')
    const log = ctx?.log ?? makeLog({ requestId })
    const route = c.get('route')
    const { status, code, message: detail } = problem
    // A refusal in order has no cause, and a crowd may get it: no data yet, no further stream.
    if (status >= 500 && problem.cause === undefined) log.info('refused', { route, code, detail })
    else if (status >= 500 || error instanceof DatabaseError) log.error('request', error, { route })
    return problemResponse(problem, { requestId, method: c.req.method })
  })

  return { app, endpoints, webhooks }
}
