import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import { replicaScope } from '../greenhouses/scope.ts'
import type { Command } from './contract.ts'
import { showCommand } from './show.ts'

type Wanted = { zoneId: number; before: number | null; limit: number }

/** Of a zone, newest first. Null: the caller has no such zone. */
export async function listCommands(ctx: Ctx, { zoneId, before, limit }: Wanted): Promise<Command[] | null> {
  const [row] = await replicaScope(ctx).query<{ commands: Command[] }>(named('fleet.list-commands')`
select coalesce((
  select jsonb_agg(${showCommand()} order by c.id desc)
  from (
    select *
    from fleet.commands
    where zone_id = z.id
      and (${before}::bigint is null or id < ${before})
    order by id desc
    limit ${limit}
  ) c
  join fleet.nodes n on n.id = c.node_id
), '[]') as commands
from fleet.zones z
where z.id = ${zoneId}`)
  return row?.commands ?? null
}
