import { type SQL, sql } from 'drizzle-orm'

type Leaving = {
  /** The CTE with one row a node. */
  from: SQL
  /** The node in each row. */
  id: SQL
  /** The CTE that writes the slot. A report of a node locks the slot before the command. */
  after: SQL
  /** The zone that the node enters. */
  into?: number
}

/**
 * CTEs: `ended` are the bindings of these nodes, and `voided` is what waits for them in the zones that they leave. A dose
 * that nobody took comes back to its budget; a node that took one gets an `off` (trigger commands_settle).
 * Race: now() is the start of this transaction, and a binding may have begun since, while the statement waited for a lock.
 * Race: a cycle orders a dose for the node at this moment, so this snapshot lacks it. The next cycle voids it
 * (end-overdue.ts). A node that takes it before the move commits is switched off by that next cycle.
 */
export function leaveBehind({ from, id, after, into }: Leaving): SQL {
  const isLeft = (row: string) => (into === undefined ? sql`` : sql`and ${sql.raw(row)}.zone_id <> ${into}`)
  return sql`
ended as (
  update fleet.zone_bindings b
  set until_at = greatest(now(), b.from_at)
  from ${from}
  where b.node_id = ${id}
    and b.until_at is null
    ${isLeft('b')}
  returning b.id
),
waiting as materialized (
  select c.id
  from ${from}
  join fleet.commands c on c.node_id = ${id}
  where c.state in ('QUEUED', 'SENT', 'ACK')
    and c.kind <> 'off'
    ${isLeft('c')}
    and (select count(*) from ${after}) >= 0
  order by c.id
  for no key update of c
),
voided as (
  update fleet.commands c
  set
    state = case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = 'node_left_zone',
    finished_at = now()
  from waiting
  where c.id = waiting.id
    and c.state in ('QUEUED', 'SENT', 'ACK')
)`
}
