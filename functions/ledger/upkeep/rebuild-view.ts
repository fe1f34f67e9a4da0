import { tenantOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { type Rebuilt, rebuildView } from '../../core/view.ts'
import { tenantScope } from '../journal/scope.ts'
import type { ViewName } from './contract.ts'

/** Rebuilds a view of this tenant from its events and repairs differing rows, while others read and write. */
export async function rebuildLedgerView(ctx: Ctx, view: ViewName): Promise<Rebuilt> {
  return rebuildView(tenantScope(ctx), { view: `ledger.${view}`, scope: tenantOf(ctx) })
}
