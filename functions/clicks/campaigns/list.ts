import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import type { ListedCampaign } from './contract.ts'
import { ownerOf } from './owner.ts'
import { showListed } from './show.ts'

type Query = {
  owner?: string | undefined
  status?: ListedCampaign['status'] | undefined
  before: number | null
  limit: number
}

/** The campaigns that the caller may see, newest first. */
export async function listCampaigns(ctx: Ctx, query: Query): Promise<ListedCampaign[]> {
  const own = ctx.principal?.role === 'admin' ? query.owner : ownerOf(ctx)
  const rows = await ctx.replica.query<{ campaign: ListedCampaign }>(
    listCampaignsStatement({ ...query, owner: own }),
  )
  return rows.map(({ campaign }) => campaign)
}

export function listCampaignsStatement({ owner, status, before, limit }: Query): Statement {
  const conditions = [
    owner === undefined ? null : sql`c.owner = ${owner}`,
    status === undefined ? null : sql`c.status = ${status}`,
    before === null ? null : sql`c.id < ${before}`,
  ].filter((condition) => condition !== null)
  return named('clicks.list-campaigns')`
select ${showListed('c')} as campaign
from clicks.campaigns c
where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}
order by c.id desc
limit ${limit}`
}
