import type { Ctx } from '../../core/context.ts'
import { type Difference, verifyView } from '../../core/view.ts'
import type { ViewName } from '../contract.ts'
import { booksOf, tenantOf } from '../journal/scope.ts'

/** Where a view of this tenant differs from the fold of its events: nowhere, or something is broken. */
export async function verifyBooks(
  ctx: Ctx,
  { view, sample }: { view: ViewName; sample: number | null },
): Promise<Difference[]> {
  return verifyView(booksOf(ctx), { view: `ledger.${view}`, scope: tenantOf(ctx), sample })
}
