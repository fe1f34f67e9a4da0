import { type SQL, sql } from 'drizzle-orm'
import { emit } from '../../core/outbox.ts'
import { showBet, showPayment } from './show.ts'

/** CTE body: the change of a bet, told to whom the tenant let listen. `from` has the bet as it is now. */
export function tellOfBet(from: 'bet' | 'after'): SQL {
  const row = sql.identifier(from)
  return emit({
    topic: 'ledger',
    from,
    type: sql`'bet.' || ${row}.status`,
    subject: sql`'bet:' || ${row}.bet_id`,
    audience: sql`'tenant:' || ledger.tenant()`,
    data: showBet(from),
  })
}

/** CTE body: the change of a payment, told to whom the tenant let listen. */
export function tellOfPayment(from: 'payment' | 'after'): SQL {
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
