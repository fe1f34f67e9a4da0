import { type SQL, sql } from 'drizzle-orm'

/** As JSON for the wire. `row` is an alias of the statement, never input. */
export function showPayment(row: 'v' | 'payment' | 'after'): SQL {
  const v = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${v}.payment_id,
    'kind', ${v}.kind,
    'userId', ${v}.user_id,
    'amountMinor', ${v}.amount_minor,
    'currency', ${v}.currency,
    'status', ${v}.status,
    'requestedAt', core.iso(${v}.requested_at),
    'settledAt', core.iso(${v}.settled_at),
    'streamVersion', ${v}.stream_version
  )`
}
