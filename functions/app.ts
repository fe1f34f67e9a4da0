import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { jobs } from '../cron/index.ts'
import { AppError } from './core/errors.ts'
import { dispatchEndpoints } from './dispatch/routes.ts'
import { accounting } from './http/accounting.ts'
import { crossOrigin } from './http/cross-origin.ts'
import { documentEndpoints } from './http/document.ts'
import type { Endpoint } from './http/endpoint.ts'
import { type HttpEnv, mount } from './http/mount.ts'
import { asAppError, problemResponse } from './http/problem.ts'
import { opsEndpoints } from './ops/routes.ts'

const modules: Endpoint[] = [...opsEndpoints(jobs), ...dispatchEndpoints]

export const endpoints: readonly Endpoint[] = [...modules, ...documentEndpoints(() => endpoints)]

export const app = new Hono<HttpEnv>()

app.use(accounting())
app.use(
  secureHeaders({ crossOriginResourcePolicy: 'cross-origin', strictTransportSecurity: 'max-age=31536000' }),
)
app.use(crossOrigin(endpoints))
mount(app, endpoints)

app.notFound(() => {
  throw new AppError('not_found', 'There is no such path; see /openapi.json')
})

app.onError((error, c) => {
  const problem = asAppError(error)
  if (problem.status >= 500) c.get('ctx').log.error('request', error, { route: c.get('route') })
  return problemResponse(problem, { requestId: c.get('requestId'), method: c.req.method })
})
