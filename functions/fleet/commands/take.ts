import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { answer, effect } from '../../core/idempotency.ts'
import { named } from '../../core/named.ts'
import { callerScope } from '../greenhouses/scope.ts'
import { noteContact } from '../nodes/note-contact.ts'
import { visibleNodes } from '../nodes/visible.ts'
import type { Command } from './contract.ts'
import { handOut } from './hand-out.ts'
import { showCommand } from './show.ts'

/**
 * The commands that the node has not acknowledged, oldest first, and those it never got before others. They are sent again
 * until it does; the node knows the ids that it did. Null: the caller has no such node.
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
    and (select count(*) from seen) >= 0
),
${handOut({ of: sql`c.node_id = (select id from node)`, limit })}
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
