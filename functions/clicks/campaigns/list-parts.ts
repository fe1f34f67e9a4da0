import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { ShownPart } from './contract.ts'
import { type PartKind, partTables } from './part-kinds.ts'
import { showPart } from './show.ts'
import { visibleTo } from './visible.ts'

/** All parts of a campaign, also the archived ones; null without such a campaign. */
export async function listParts(
  ctx: Ctx,
  { id, kind }: { id: number; kind: PartKind },
): Promise<ShownPart[] | null> {
  const [row] = await ctx.replica.query<{ parts: ShownPart[] }>(named('clicks.list-parts')`
select coalesce((
  select jsonb_agg(${showPart('p')} order by p.id)
  from ${sql.raw(partTables[kind])} p
  where p.campaign_id = c.id
), '[]') as parts
from clicks.campaigns c
where c.id = ${id}
  and ${visibleTo(ctx, 'c')}`)
  return row?.parts ?? null
}
