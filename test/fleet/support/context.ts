import type { NeonProxy } from '../../../dev/neon-proxy/server.ts'
import { type Ctx, makeContext } from '../../../functions/core/context.ts'
import { everyTenant } from '../../../functions/fleet/greenhouses/scope.ts'
import { bindingsOf } from '../../support/bindings.ts'
import type { TestDatabase } from '../../support/database.ts'
import { defectiveDb } from '../../support/defective-db.ts'

/** Contexts of jobs, which act for all tenants, with the Worker's role and driver. To be made at the top of a file. */
export function contextsOf(database: TestDatabase, proxy: NeonProxy) {
  const bindings = bindingsOf(database, proxy)
  const context = () => makeContext(bindings, { waitUntil: () => undefined })
  const everybody = (ctx: Ctx): Ctx => ({ ...ctx, db: ctx.db.with(everyTenant) })
  return {
    everyTenant: () => everybody(context()),
    /** With statements that this function has changed, for negative controls. */
    defective(defect: (text: string) => string) {
      const db = defectiveDb(database, { max: 20, defect })
      return () => everybody({ ...context(), db })
    },
  }
}
