import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Payment } from './contract.ts'
import { showPayment } from './show.ts'

export async function readPayment(ctx: Ctx, paymentId: string): Promise<Payment | null> {
  const [row] = await tenantScope(ctx).query<{ payment: Payment }>(named('ledger.read-payment')`
select ${showPayment('v')} as payment
from ledger.payments_view v
where v.tenant_id = ledger.tenant()
  and v.payment_id = ${paymentId}`)
  return row?.payment ?? null
}
