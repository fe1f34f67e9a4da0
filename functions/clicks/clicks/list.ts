import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { visibleTo } from '../campaigns/visible.ts'
import type { Click } from './contract.ts'
import { showClick } from './show.ts'

type Query = {
  campaignId: number
  from?: string | undefined
  to?: string | undefined
  kind?: Click['kind'] | undefined
  validity?: Click['validity'] | undefined
  before: string | null
  limit: number
}

/** The clicks of a campaign, newest first; null if the caller may not see the campaign. */
export async function listClicks(ctx: Ctx, query: Query): Promise<Click[] | null> {
  const [row] = await ctx.replica.query<{ clicks: Click[] }>(listClicksStatement(visibleTo(ctx, 'c'), query))
  return row?.clicks ?? null
}

/** Times are ranges of ids, so Postgres reads one index and only the partitions of the window. */
export function listClicksStatement(
  visible: SQL,
  { campaignId, from, to, kind, validity, before, limit }: Query,
): Statement {
  const conditions = [
    from === undefined ? null : sql`k.id >= core.first_id(${from}::timestamptz)`,
    to === undefined ? null : sql`k.id < core.first_id(${to}::timestamptz)`,
    kind === undefined ? null : sql`k.kind = ${kind}`,
    validity === undefined ? null : sql`k.validity = ${validity}`,
    before === null ? null : sql`k.id < ${before}::uuid`,
  ].filter((condition) => condition !== null)
  return named('clicks.list-clicks')`
select coalesce(jsonb_agg(p.click order by p.id desc) filter (where p.id is not null), '[]') as clicks
from clicks.campaigns c
left join lateral (
  select k.id, ${showClick} as click
  from clicks.clicks k
  where ${sql.join([sql`k.campaign_id = ${campaignId}`, ...conditions], sql` and `)}
  order by k.id desc
  limit ${limit}
) p on true
where c.id = ${campaignId}
  and ${visible}
group by c.id`
}
