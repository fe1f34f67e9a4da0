import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { tenantScope } from '../journal/scope.ts'
import type { Payment, PaymentKind, PaymentStatus } from './contract.ts'
import { showPayment } from './show.ts'

type Query = {
  userId: string | null
  kind: PaymentKind | null
  status: PaymentStatus | null
  before: string | null
  limit: number
}

/** Lists payments by descending id: generated ids rise with time. */
export async function listPayments(ctx: Ctx, query: Query): Promise<Payment[]> {
  const { userId, kind, status, before, limit } = query
  const conditions = [
    sql`v.tenant_id = ledger.tenant()`,
    ...(userId === null ? [] : [sql`v.user_id = ${userId}`]),
    ...(kind === null ? [] : [sql`v.kind = ${kind}`]),
    ...(status === null ? [] : [sql`v.status = ${status}`]),
    // Repeats the predicate of idx_payments_view_open, so that the planner uses that index.
    ...(status === 'requested' ? [sql`v.open`] : []),
    ...(before === null ? [] : [sql`v.payment_id < ${before}`]),
  ]
  const rows = await tenantScope(ctx, ctx.replica).query<{ payment: Payment }>(named('ledger.list-payments')`
select ${showPayment('v')} as payment
from ledger.payments_view v
where ${sql.join(conditions, sql` and `)}
order by v.payment_id desc
limit ${limit}`)
  return rows.map(({ payment }) => payment)
}
