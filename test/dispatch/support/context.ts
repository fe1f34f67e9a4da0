import type { NeonProxy } from '../../../dev/neon-proxy/server.ts'
import { type Ctx, makeContext, type Principal } from '../../../functions/core/context.ts'
import type { TestDatabase } from '../../support/database.ts'

const limit = async () => ({ success: true })

/** Contexts for verbs, with the Worker's role and driver. */
export function contextsOf(database: TestDatabase, proxy: NeonProxy) {
  const bindings = {
    DATABASE_URL: database.workerUrl,
    NEON_PROXY: proxy.address,
    AUTH_SECRET: 'a secret of the tests that has the length',
    RATE_READ: { limit },
    RATE_WRITE: { limit },
  }
  return (principal: Principal | null): Ctx =>
    Object.assign(makeContext(bindings, { waitUntil: () => undefined }), { principal })
}
