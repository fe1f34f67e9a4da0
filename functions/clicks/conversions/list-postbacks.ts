import { type SQL, sql } from 'drizzle-orm'
import { postbackStates } from '../../../schema/clicks/states.ts'
import type { Ctx } from '../../core/context.ts'
import { named, type Statement } from '../../core/named.ts'
import { ownerOf } from '../campaigns/owner.ts'
import type { SentPostback } from './contract.ts'

type Query = {
  sourceId?: number | undefined
  conversionId?: number | undefined
  state?: SentPostback['state'] | undefined
  before: number | null
  limit: number
}

/** The postbacks to the sources that the caller may see, newest first. */
export async function listPostbacks(ctx: Ctx, query: Query): Promise<SentPostback[]> {
  const owner = ctx.principal?.role === 'admin' ? null : ownerOf(ctx)
  const rows = await ctx.replica.query<{ postback: SentPostback }>(
    listPostbacksStatement({ owner, ...query }),
  )
  return rows.map(({ postback }) => postback)
}

export function listPostbacksStatement({ owner, ...query }: Query & { owner: string | null }): Statement {
  const { sourceId, conversionId, state, before, limit } = query
  const ofSource = all([
    owner === null ? null : sql`s.owner = ${owner}`,
    sourceId === undefined ? null : sql`s.id = ${sourceId}`,
  ])
  const older = before === null ? null : sql`p.id < ${before}`
  const page = sql`
  order by p.id desc
  limit ${limit}`
  if (conversionId !== undefined || (owner === null && sourceId === undefined && state === undefined))
    return named('clicks.list-all-postbacks')`
select ${shown} as postback
from clicks.postbacks_out p
join clicks.traffic_sources s on s.id = p.traffic_source_id
join clicks.conversions v on v.id = p.conversion_id
where ${ofSource}
  and ${all([
    conversionId === undefined ? null : sql`p.conversion_id = ${conversionId}`,
    state === undefined ? null : sql`p.state = ${state}`,
    older,
  ])}${page}`
  // Postgres merges the index ranges of these sources and states, so it reads no postback of another owner.
  return named('clicks.list-postbacks')`
select ${shown} as postback
from clicks.traffic_sources s
cross join unnest(${sql.param(state === undefined ? [...postbackStates] : [state])}::text[]) wanted (state)
cross join lateral (
  select *
  from clicks.postbacks_out p
  where p.traffic_source_id = s.id
    and p.state = wanted.state
    and ${older ?? sql`true`}${page}
) p
join clicks.conversions v on v.id = p.conversion_id
where ${ofSource}${page}`
}

const shown = sql`jsonb_build_object(
  'id', p.id, 'conversionId', p.conversion_id, 'clickId', v.click_id, 'campaignId', v.campaign_id, 'sourceId', s.id,
  'source', s.slug, 'status', p.conversion_status, 'state', p.state, 'tries', p.tries, 'template', p.url,
  'outcome', p.outcome, 'httpStatus', p.http_status, 'createdAt', core.iso(p.created_at),
  'dueAt', case when p.state = 'waiting' then core.iso(p.due_at) end, 'giveUpAt', core.iso(p.give_up_at),
  'finishedAt', core.iso(p.finished_at)
)`

function all(conditions: readonly (SQL | null)[]): SQL {
  const given = conditions.filter((condition) => condition !== null)
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `)
}
