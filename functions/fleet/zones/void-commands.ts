import { type SQL, sql } from 'drizzle-orm'

/**
 * CTEs over `changed`, the zones whose epoch may have risen: commands that wait are void, and each node that runs one gets
 * an `off`.
 */
export function voidCommands(orderedBy: string): SQL {
  return sql`
voided as (
  update fleet.commands c
  set state = 'EXPIRED', reason = 'stale_epoch', finished_at = now()
  from changed
  where c.zone_id = changed.id
    and c.zone_epoch < changed.epoch
    and c.state in ('QUEUED', 'SENT')
    and c.kind <> 'off'
),
stopped as (
  insert into fleet.commands (tenant_id, node_id, zone_id, zone_epoch, kind, channel, ordered_by)
  select distinct c.tenant_id, c.node_id, c.zone_id, changed.epoch, 'off', c.channel, ${orderedBy}::text
  from fleet.commands c
  join changed on changed.id = c.zone_id
  where c.zone_epoch < changed.epoch
    and c.state = 'ACK'
    and c.kind <> 'off'
)`
}
