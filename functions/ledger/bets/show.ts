import { type SQL, sql } from 'drizzle-orm'

/** As JSON for the wire. `row` is an alias of the statement, never input. */
export function showBet(row: 'v' | 'bet' | 'after'): SQL {
  const v = sql.raw(row)
  return sql`jsonb_build_object(
    'id', ${v}.bet_id,
    'userId', ${v}.user_id,
    'stakeMinor', ${v}.amount_minor,
    'currency', ${v}.currency,
    'odds', ${v}.odds::text,
    'selection', ${v}.selection,
    'status', ${v}.status,
    'payoutMinor', ${v}.payout_minor,
    'placedAt', core.iso(${v}.placed_at),
    'settledAt', core.iso(${v}.settled_at),
    'streamVersion', ${v}.stream_version
  )`
}
