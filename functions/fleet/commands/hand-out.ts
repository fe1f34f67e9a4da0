import { type SQL, sql } from 'drizzle-orm'

type Which = {
  of: SQL
  limit: number
  /** Which of the commands that were sent before come first, when there are more than the limit. */
  repeats?: SQL
  /** Leaves commands out that another statement holds. Two statements over many rows would else wait for each other. */
  skipsLocked?: boolean
}

/**
 * CTEs: `due` are the commands with this condition on `c` (its zone is `z`) that no node has acknowledged, and `taken` are
 * those of them that become sent. New ones come first, so commands that nobody acknowledges stop no others. A node that
 * left the zone gets only what switches it off.
 * Race: an epoch rises at this moment. Its statement waits for the command, then sees it as sent, and orders an `off`.
 */
export function handOut({ of, limit, repeats = sql`c.id`, skipsLocked = false }: Which): SQL {
  return sql`
chosen as materialized (
  select c.id
  from fleet.commands c
  join fleet.zones z on z.id = c.zone_id
  left join fleet.regulators r on r.id = c.regulator_id
  where c.state in ('QUEUED', 'SENT')
    and (c.expires_at is null or c.expires_at > now())
    and (
      c.kind = 'off'
      or c.zone_epoch = z.epoch
      and c.regulator_epoch is not distinct from r.epoch
      and exists (select from fleet.zone_slots s where s.node_id = c.node_id and s.zone_id = c.zone_id)
    )
    and ${of}
  order by c.state = 'SENT', ${repeats}
  limit ${limit}
),
due as materialized (
  select c.id
  from fleet.commands c
  where c.id in (select id from chosen)
    and c.state in ('QUEUED', 'SENT')
  order by c.id
  for update of c ${skipsLocked ? sql`skip locked` : sql``}
),
taken as (
  update fleet.commands c
  set state = 'SENT', sent_at = coalesce(c.sent_at, now())
  from due
  where c.id = due.id
    and c.state in ('QUEUED', 'SENT')
  returning c.*
)`
}
