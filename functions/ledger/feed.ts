import { sql } from 'drizzle-orm'
import type { Feed } from '../core/stream.ts'
import { showEvent } from './journal/show.ts'

/** Subscribers see all events of one tenant: row-level security limits the rows to the tenant of the transaction. */
export const ledgerFeed: Feed = {
  name: 'ledger',
  table: sql`ledger.events`,
  tables: ['ledger.bet_events', 'ledger.payment_events', 'ledger.balance_events', 'ledger.system_events'],
  sequence: 'ledger.event_seq',
  seq: 'seq',
  event: showEvent,
}
