import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { ownerOf } from '../campaigns/owner.ts'
import type { Source } from './contract.ts'
import { showSource } from './show.ts'

/** The sources that the caller may see, newest first. */
export async function listSources(
  ctx: Ctx,
  { before, limit }: { before: number | null; limit: number },
): Promise<Source[]> {
  const owner = ctx.principal?.role === 'admin' ? null : ownerOf(ctx)
  const rows = await ctx.replica.query<{ source: Source }>(listSourcesStatement({ owner, before, limit }))
  return rows.map(({ source }) => source)
}

export function listSourcesStatement({
  owner,
  before,
  limit,
}: {
  owner: string | null
  before: number | null
  limit: number
}): Statement {
  return named('clicks.list-sources')`
select ${showSource('s')} as source
from clicks.traffic_sources s
where ${owner === null ? sql`true` : sql`s.owner = ${owner}`}
  and ${before === null ? sql`true` : sql`s.id < ${before}`}
order by s.id desc
limit ${limit}`
}
