import { sql } from 'drizzle-orm'

/** As JSON for the wire, of `e`, a row of ledger.events. */
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
