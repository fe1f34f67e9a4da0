import { sql } from 'drizzle-orm'
import type { Feed } from '../core/stream.ts'
import { showEvent } from './journal/show.ts'

/** Subscribers see all events of one tenant: row-level security limits the rows to the tenant of the transaction. */
export const ledgerFeed: Feed = {
  name: 'ledger',
  table: sql`ledger.events`,
  seq: 'seq',
  event: showEvent,
}
