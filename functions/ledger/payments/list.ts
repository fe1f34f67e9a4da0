import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Payment, PaymentKind, PaymentStatus } from './contract.ts'
import { showPayment } from './show.ts'

type Asked = {
  userId: string | null
  kind: PaymentKind | null
  status: PaymentStatus | null
  before: string | null
  limit: number
}

/** By id from the highest: ids made here rise with time. */
export async function listPayments(ctx: Ctx, asked: Asked): Promise<Payment[]> {
  const { userId, kind, status, before, limit } = asked
  const conditions = [
    sql`v.tenant_id = ledger.tenant()`,
    ...(userId === null ? [] : [sql`v.user_id = ${userId}`]),
    ...(kind === null ? [] : [sql`v.kind = ${kind}`]),
    ...(status === null ? [] : [sql`v.status = ${status}`]),
    // Says it in the words of idx_payments_view_open.
    ...(status === 'requested' ? [sql`v.open`] : []),
    ...(before === null ? [] : [sql`v.payment_id < ${before}`]),
  ]
  const rows = await tenantScope(ctx, ctx.replica).query<{ payment: Payment }>(sql`
select ${showPayment('v')} as payment
from ledger.payments_view v
where ${sql.join(conditions, sql` and `)}
order by v.payment_id desc
limit ${limit}`)
  return rows.map(({ payment }) => payment)
}
