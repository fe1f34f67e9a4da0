import type { Ctx } from '../../core/context.ts'
import { type Rebuilt, rebuildView } from '../../core/view.ts'
import type { ViewName } from '../contract.ts'
import { booksOf, tenantOf } from '../journal/scope.ts'

/** Folds a view of this tenant anew and mends what differs, while others read and write. */
export async function rebuildBooks(ctx: Ctx, view: ViewName): Promise<Rebuilt> {
  return rebuildView(booksOf(ctx), { view: `ledger.${view}`, scope: tenantOf(ctx) })
}
