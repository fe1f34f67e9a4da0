import { type SQL, sql } from 'drizzle-orm'

/**
 * CTEs `ended` and `voided`: the bindings of these nodes end, and what waits for them in their zones is void. `id` is the
 * node in each row of the CTE `from`.
 * Race: now() is the start of this transaction, and a binding may have begun since, while the statement waited for a lock.
 */
export function leaveBehind({ from, id }: { from: SQL; id: SQL }): SQL {
  return sql`
ended as (
  update fleet.zone_bindings b
  set until_at = greatest(now(), b.from_at)
  from ${from}
  where b.node_id = ${id}
    and b.until_at is null
),
voided as (
  update fleet.commands c
  set
    state = case c.state when 'QUEUED' then 'EXPIRED' else 'TIMEOUT' end,
    reason = 'node_left_zone',
    finished_at = now()
  from ${from}
  where c.node_id = ${id}
    and c.state in ('QUEUED', 'SENT', 'ACK')
    and c.kind <> 'off'
)`
}
