import { type SQL, sql } from 'drizzle-orm'
import { emit } from '../../core/outbox.ts'
import { showBet } from './show.ts'

/** CTE body: an outbox event for the tenant's webhooks. `from` is the CTE that has the bet after its change. */
export function emitBet(from: 'bet' | 'after'): SQL {
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
