import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { ownerOf } from '../campaigns/owner.ts'
import type { Conversion } from './contract.ts'
import { showConversion } from './show.ts'

type Query = {
  campaignId?: number | undefined
  status?: Conversion['status'] | undefined
  before: number | null
  limit: number
}

/** The conversions of the campaigns that the caller may see, newest first. */
export async function listConversions(ctx: Ctx, query: Query): Promise<Conversion[]> {
  const owner = ctx.principal?.role === 'admin' ? null : ownerOf(ctx)
  const rows = await ctx.replica.query<{ conversion: Conversion }>(
    listConversionsStatement({ owner, ...query }),
  )
  return rows.map(({ conversion }) => conversion)
}

/** With an owner, Postgres merges the index ranges of its campaigns and reads no conversion of another owner. */
export function listConversionsStatement({
  owner,
  campaignId,
  status,
  before,
  limit,
}: Query & { owner: string | null }): Statement {
  const conditions = [
    status === undefined ? null : sql`v.status = ${status}`,
    before === null ? null : sql`v.id < ${before}`,
  ].filter((condition) => condition !== null)
  const also = conditions.length === 0 ? sql`` : sql` and ${sql.join(conditions, sql` and `)}`
  const page = sql`
  order by v.id desc
  limit ${limit}`
  if (owner === null)
    return named('clicks.list-all-conversions')`
select ${showConversion('v')} as conversion
from clicks.conversions v
where ${campaignId === undefined ? sql`true` : sql`v.campaign_id = ${campaignId}`}${also}${page}`
  return named('clicks.list-conversions')`
select ${showConversion('v')} as conversion
from clicks.campaigns c
cross join lateral (
  select *
  from clicks.conversions v
  where v.campaign_id = c.id${also}${page}
) v
where c.owner = ${owner}
  and ${campaignId === undefined ? sql`true` : sql`c.id = ${campaignId}`}${page}`
}
