import { named, type Statement } from '../../core/named.ts'

/** After the longest run a node has this long to report its end. */
const graceSeconds = 30

/**
 * Ends the commands of these zones whose time has passed, and those of decommissioned nodes, which can take none over HTTP;
 * an `off` is left to the broker for two minutes. A command that no node took has expired, and its budget comes back.
 * A command that a node took has timed out: nobody knows whether it ran, so the budget keeps it and the node gets an `off`
 * (trigger commands_settle). An `off` has no other end but its acknowledgement.
 * Race: the node acknowledges at the same moment. The update waits for the row and then sees its new state.
 */
export function endOverdue({ shard, shards }: { shard: number; shards: number }): Statement {
  return named('fleet.end-overdue')`
update fleet.commands c
set
  state = case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
  reason = case
    when n.lifecycle = 'DECOMMISSIONED' then 'node_decommissioned'
    when z.epoch > c.zone_epoch or r.epoch > c.regulator_epoch then 'stale_epoch'
    when c.state = 'QUEUED' then 'not_taken'
    when c.state = 'SENT' then 'not_acknowledged'
    else 'not_finished'
  end,
  finished_at = now()
from fleet.commands open
join fleet.zones z on z.id = open.zone_id
join fleet.nodes n on n.id = open.node_id
left join fleet.regulators r on r.id = open.regulator_id
where c.id = open.id
  and open.state in ('QUEUED', 'SENT', 'ACK')
  and c.state in ('QUEUED', 'SENT', 'ACK')
  and c.zone_id % ${shards}::int = ${shard}::int
  and (
    n.lifecycle = 'DECOMMISSIONED' and (c.kind <> 'off' or c.queued_at < now() - interval '2 minutes')
    or c.kind <> 'off'
    and (
      z.epoch > c.zone_epoch
      or r.epoch > c.regulator_epoch
      or case c.state
        when 'QUEUED' then c.expires_at
        when 'SENT' then c.expires_at + make_interval(secs => c.max_run_ms / 1000.0 + ${graceSeconds}::int)
        else c.acked_at + make_interval(secs => c.max_run_ms / 1000.0 + ${graceSeconds}::int)
      end <= now()
    )
  )`
}
