import { tenantOf } from '../../core/caller.ts'
import type { Ctx } from '../../core/context.ts'
import { type Difference, verifyView } from '../../core/view.ts'
import { tenantScope } from '../journal/scope.ts'
import type { ViewName } from './contract.ts'

/** Lists where a view of this tenant differs from the fold of its events. Any difference is a defect. */
export async function verifyLedgerView(
  ctx: Ctx,
  { view, sample }: { view: ViewName; sample: number | null },
): Promise<Difference[]> {
  return verifyView(tenantScope(ctx), { view: `ledger.${view}`, scope: tenantOf(ctx), sample })
}
