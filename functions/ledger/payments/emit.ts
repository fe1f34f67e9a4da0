import { type SQL, sql } from 'drizzle-orm'
import { emit } from '../../core/outbox.ts'
import { showPayment } from './show.ts'

/** CTE body: an outbox event for the tenant's webhooks. `from` is the CTE that has the payment after its change. */
export function emitPayment(from: 'payment' | 'after'): SQL {
  const row = sql.identifier(from)
  return emit({
    topic: 'ledger',
    from,
    type: sql`${row}.kind || '.' || ${row}.status`,
    subject: sql`'payment:' || ${row}.payment_id`,
    audience: sql`'tenant:' || ledger.tenant()`,
    data: showPayment(from),
  })
}
