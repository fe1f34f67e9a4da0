import { type SQL, sql } from 'drizzle-orm'

/*
 * Rows as the wire shows them, shaped in SQL: one json value a row, no second mapping. `row` is an alias of the
 * statement, never input.
 */

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

/** Over `e`, a row of ledger.events. */
export const showEvent = sql`jsonb_build_object(
  'id', e.id,
  'cursor', e.xid || '-' || e.seq,
  'family', e.family,
  'aggregateId', e.aggregate_id,
  'streamVersion', e.stream_version,
  'type', e.event_type,
  'data', e.event_data,
  'schemaVersion', e.schema_version,
  'occurredAt', core.iso(e.occurred_at),
  'recordedAt', core.iso(e.created_at),
  'actor', e.actor
)`

/** A sum as a number while JSON carries it exactly, as its digits beyond. */
export function exact(value: SQL): SQL {
  return sql`case
    when abs(${value}) <= ${String(Number.MAX_SAFE_INTEGER)}::numeric then to_jsonb(${value})
    else to_jsonb((${value})::text)
  end`
}
