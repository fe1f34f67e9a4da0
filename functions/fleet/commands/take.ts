import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { noteContact } from '../nodes/note-contact.ts'
import { visibleNodes } from '../nodes/visible.ts'
import type { Command } from './contract.ts'
import { showCommand } from './show.ts'

/**
 * All commands that the node has not acknowledged, oldest first. They are sent again until it does; the node knows the
 * ids that it did. A node that left the zone gets only what switches it off. Null: the caller has no such node.
 * Race: an epoch rises at this moment. Its statement waits for the command, then sees it as sent, and orders an `off`.
 */
export function takeCommands(
  ctx: Ctx,
  { uid, limit }: { uid: string; limit: number },
): Promise<{ data: Command[] } | null> {
  return effect(
    ctx,
    named('fleet.take-commands')`
with ${noteContact(ctx)},
node as (
  select n.id, n.uid
  from fleet.nodes n
  where n.uid = ${uid}
    and ${visibleNodes(ctx, 'n')}
),
due as materialized (
  select c.id
  from fleet.commands c
  join node on node.id = c.node_id
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
  order by c.id
  limit ${limit}
  for update of c
),
taken as (
  update fleet.commands c
  set state = 'SENT', sent_at = coalesce(c.sent_at, now())
  from due
  where c.id = due.id
    and c.state in ('QUEUED', 'SENT')
  returning c.*
)
select ${answer(sql`(
  select jsonb_build_object('data', coalesce((
    select jsonb_agg(${showCommand()} order by c.id)
    from taken c
  ), '[]'))
  from node n
)`)}`,
    callerScope(ctx),
  )
}
