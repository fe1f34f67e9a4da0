import { type SQL, sql } from 'drizzle-orm'

/** `c` is the command, `n` its node. */
export function showCommand(): SQL {
  return sql`jsonb_build_object(
    'id', c.id,
    'zoneId', c.zone_id,
    'nodeUid', n.uid,
    'kind', c.kind,
    'channel', c.channel,
    'amount', c.amount,
    'unit', c.unit,
    'runMs', c.run_ms,
    'maxRunMs', c.max_run_ms,
    'epoch', c.zone_epoch,
    'state', c.state,
    'reason', c.reason,
    'orderedBy', c.ordered_by,
    'queuedAt', core.iso(c.queued_at),
    'sentAt', core.iso(c.sent_at),
    'ackedAt', core.iso(c.acked_at),
    'finishedAt', core.iso(c.finished_at),
    'expiresAt', core.iso(c.expires_at)
  )`
}
