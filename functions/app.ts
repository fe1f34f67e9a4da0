import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { jobs } from '../cron/index.ts'
import type { Ctx } from './core/context.ts'
import { AppError } from './core/errors.ts'
import { makeLog } from './core/log.ts'
import { DatabaseError } from './core/sqlstate.ts'
import { dispatchEndpoints } from './dispatch/routes.ts'
import { accounting } from './http/accounting.ts'
import { crossOrigin } from './http/cross-origin.ts'
import { documentEndpoints } from './http/document.ts'
import type { Endpoint } from './http/endpoint.ts'
import { type HttpEnv, mount } from './http/mount.ts'
import { asAppError, problemResponse } from './http/problem.ts'
import { ledgerEndpoints } from './ledger/routes.ts'
import { opsEndpoints } from './ops/routes.ts'
import { spaceEndpoints } from './space/routes.ts'
import { webhooksEndpoints } from './webhooks/routes.ts'

const modules: Endpoint[] = [
  ...opsEndpoints(jobs),
  ...webhooksEndpoints,
  ...dispatchEndpoints,
  ...ledgerEndpoints,
  ...spaceEndpoints,
]

export const endpoints: readonly Endpoint[] = [...modules, ...documentEndpoints(() => endpoints)]

export const app = new Hono<HttpEnv>()

app.use(accounting())
// What is no page loads and frames nothing; pages bring their own policy.
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
mount(app, endpoints)

app.notFound(() => {
  throw new AppError('not_found', 'There is no such path; see /openapi.json')
})

app.onError((error, c) => {
  const problem = asAppError(error)
  const requestId = c.get('requestId')
  // A Worker that is misconfigured fails before there is a context.
  const ctx: Ctx | undefined = c.get('ctx')
  if (problem.status >= 500 || error instanceof DatabaseError)
    (ctx?.log ?? makeLog({ requestId })).error('request', error, { route: c.get('route') })
  return problemResponse(problem, { requestId, method: c.req.method })
})
