import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { readGathered } from '../../core/gather.ts'
import { named } from '../../core/named.ts'
import type { Query } from './contract.ts'
import { shownFigures, whyUnknown, withFigures, within } from './figures.ts'
import { measured, p95Of } from './measured.ts'
import { windowOf } from './window.ts'

type Found = Omit<Query, 'name' | 'from' | 'to'>

/** One statement with its texts, their generic plans and its course; null if no statement of this name was ever seen. */
export async function readQuery(
  ctx: Ctx,
  name: string,
  given: { from?: string | undefined; to?: string | undefined },
): Promise<Query | null> {
  const window = windowOf(given, ctx.now())
  const [[found], gathered] = await Promise.all([
    ctx.db.query<Found>(named('ops.read-query')`
with of_all as (
  select ${name}::text as name, sum(q.total_ms) as whole_ms
  from core.query_stats q
  where ${within(window.sql)}
),
texts as materialized (
  select t.*, t.text ~ '^select /\\*[^*]*\\*/ \\* from [a-z]+\\.hot_' as is_call
  from core.query_texts t
  where t.name = ${name}
  order by t.last_seen_at desc, t.query_id
  limit 20
),
planned as materialized (
  select t.*, case when not t.is_call then core.explain_query(t.query_id) end as plan from texts t
)
select core.iso(r.read_at) as "asOf", core.iso(r.evicted_at) as "evictedAt", ${whyUnknown} as why,
  (select ${shownFigures(window.minutes)} from ${withFigures(sql`of_all`, window.sql)}) as figures,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'text', p.text, 'firstSeenAt', core.iso(p.first_seen_at), 'plan', p.plan,
      'why', case
        when p.is_call then 'Postgres keeps the plan inside this function, in each session'
        when p.plan is null then 'Postgres cannot plan this text without the constants that it replaced'
      end
    ) order by p.last_seen_at desc, p.query_id)
    from planned p
  ), '[]') as statements,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'begins', core.iso(q.begins), 'minutes', q.minutes, 'calls', q.calls, 'totalMs', q.total_ms, 'rows', q.rows
    ) order by q.begins)
    from (
      select *
      from core.query_stats q
      where q.name = ${name}
        and ${within(window.sql)}
      order by q.begins desc
      limit 2000
    ) q
  ), '[]') as series
from (select) one
left join core.query_reads r on true
where exists (select from texts)`),
    readGathered(ctx, { names: [measured], minutes: 60 }),
  ])
  if (found === undefined) return null
  const series = gathered.known ? gathered.series.filter(({ lately }) => lately.length > 0) : []
  const figures = found.figures && { ...found.figures, p95Ms: p95Of(name, series, window) }
  return { ...found, figures, name, from: window.from.toISOString(), to: window.to.toISOString() }
}
