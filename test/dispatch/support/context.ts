import type { NeonProxy } from '../../../dev/neon-proxy/server.ts'
import { type Ctx, makeContext, type Principal } from '../../../functions/core/context.ts'
import { bindingsOf } from '../../support/bindings.ts'
import type { TestDatabase } from '../../support/database.ts'

/** Contexts for verbs, with the Worker's role and driver. */
export function contextsOf(database: TestDatabase, proxy: NeonProxy) {
  const bindings = bindingsOf(database, proxy)
  return (principal: Principal | null): Ctx =>
    Object.assign(makeContext(bindings, { waitUntil: () => undefined }), { principal })
}
