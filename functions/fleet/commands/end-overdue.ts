import { named, type Statement } from '../../core/named.ts'

/** After the longest run a node has this long to report its end. */
const graceSeconds = 30

/**
 * Ends the commands of these zones whose time has passed, those whose node left the zone while they were ordered, and those of
 * decommissioned nodes, which can take none over HTTP; an `off` is left to the broker for two minutes. A command that no
 * node took has expired, and its budget comes back. A command that a node took has timed out: nobody knows whether it ran,
 * so the budget keeps it and the node gets an `off` (trigger commands_settle). An `off` has no other end but its
 * acknowledgement.
 * Race: the node acknowledges at the same moment. The lock waits for the row, and the reason is that of its new state.
 */
export function endOverdue({ shard, shards }: { shard: number; shards: number }): Statement {
  return named('fleet.end-overdue')`
with overdue as materialized (
  select c.id,
    case
      when n.lifecycle = 'DECOMMISSIONED' then 'node_decommissioned'
      when z.epoch > c.zone_epoch or r.epoch > c.regulator_epoch then 'stale_epoch'
      when s.node_id is null then 'node_left_zone'
      when c.state = 'QUEUED' then 'not_taken'
      when c.state = 'SENT' then 'not_acknowledged'
      else 'not_finished'
    end as reason
  from fleet.commands c
  join fleet.zones z on z.id = c.zone_id
  join fleet.nodes n on n.id = c.node_id
  left join fleet.zone_slots s on s.node_id = c.node_id and s.zone_id = c.zone_id
  left join fleet.regulators r on r.id = c.regulator_id
  where c.state in ('QUEUED', 'SENT', 'ACK')
    and c.zone_id % ${shards}::int = ${shard}::int
    and (
      n.lifecycle = 'DECOMMISSIONED' and (c.kind <> 'off' or c.queued_at < now() - interval '2 minutes')
      or c.kind <> 'off'
      and (
        z.epoch > c.zone_epoch
        or r.epoch > c.regulator_epoch
        or s.node_id is null
        or case c.state
          when 'QUEUED' then c.expires_at
          when 'SENT' then c.expires_at + make_interval(secs => c.max_run_ms / 1000.0 + ${graceSeconds}::int)
          else c.acked_at + make_interval(secs => c.max_run_ms / 1000.0 + ${graceSeconds}::int)
        end <= now()
      )
    )
  order by c.id
  for no key update of c
)
update fleet.commands c
set state = case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end, reason = overdue.reason, finished_at = now()
from overdue
where c.id = overdue.id
  and c.state in ('QUEUED', 'SENT', 'ACK')`
}
