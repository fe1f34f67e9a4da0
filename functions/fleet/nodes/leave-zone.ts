import { type SQL, sql } from 'drizzle-orm'

/** CTEs: the nodes in `changed` leave their zones, and what waits for them there is void. */
export function leaveZone(): SQL {
  return sql`
freed as (
  delete from fleet.zone_slots s
  using changed
  where s.node_id = changed.id
),
ended as (
  update fleet.zone_bindings b
  set until_at = greatest(now(), b.from_at)
  from changed
  where b.node_id = changed.id
    and b.until_at is null
),
voided as (
  update fleet.commands c
  set
    state = case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = 'node_left_zone',
    finished_at = now()
  from changed
  where c.node_id = changed.id
    and c.state in ('QUEUED', 'SENT', 'ACK')
    and c.kind <> 'off'
)`
}
