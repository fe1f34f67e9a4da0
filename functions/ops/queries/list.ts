import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { countOf, readGathered, type Series } from '../../core/gather.ts'
import { named } from '../../core/named.ts'
import type { Queries, QueryFigures } from './contract.ts'
import { shownFigures, whyUnknown, withFigures, within } from './figures.ts'
import { measured, p95Of } from './measured.ts'
import { windowOf } from './window.ts'

type Order = 'total' | 'calls' | 'mean' | 'rows' | 'temp' | 'wal'
type Found = Pick<Queries, 'asOf' | 'evictedAt' | 'why'> & { data: QueryFigures[] }

/** The most costly ones. A Worker has some hundred statements. */
const shownAtMost = 250

const orders = {
  total: sql`sum(q.total_ms)`,
  calls: sql`sum(q.calls)`,
  mean: sql`sum(q.total_ms) / sum(q.calls)`,
  rows: sql`sum(q.rows)`,
  temp: sql`sum(q.temp_bytes)`,
  wal: sql`sum(q.wal_bytes)`,
}

/** The cost of each named statement in a window, from Postgres' own statistics, with the times that the Worker measured. */
export async function listQueries(
  ctx: Ctx,
  { order, ...given }: Partial<Record<'from' | 'to', string | undefined>> & { order: Order },
): Promise<Omit<Queries, 'nextCursor'>> {
  const window = windowOf(given, ctx.now())
  const [[found], gathered] = await Promise.all([
    ctx.db.query<Found>(named('ops.list-queries')`
-- Of each name that was seen only what the order needs is added up, and the other figures for those that are shown.
with costly as materialized (
  select q.name, sum(sum(q.total_ms)) over () as whole_ms,
    row_number() over (order by ${orders[order]} desc, q.name) as place
  from core.query_stats q
  where ${within(window.sql)}
  group by q.name
  order by place
  limit ${shownAtMost}
)
select core.iso(r.read_at) as "asOf", core.iso(r.evicted_at) as "evictedAt", ${whyUnknown} as why,
  coalesce((
    select jsonb_agg(${shownFigures(window.minutes)} order by n.place)
    from ${withFigures(sql`costly`, window.sql)}
  ), '[]') as data
from (select) one
left join core.query_reads r on true`),
    readGathered(ctx, { names: [measured], minutes: 60 }),
  ])
  if (found === undefined) throw new Error('Postgres returned no row of its statements')
  const series = gathered.known ? gathered.series.filter(({ lately }) => lately.length > 0) : []
  return {
    ...found,
    from: window.from.toISOString(),
    to: window.to.toISOString(),
    coverage: window.endsNow && found.why === null ? coverageOf(found.data, series) : null,
    data: found.data.map((one) => ({ ...one, p95Ms: p95Of(one.name, series, window) })),
  }
}

/** How much of what the Worker sent is in Postgres' statistics. A batch is measured under one of its names only. */
function coverageOf(data: readonly QueryFigures[], series: readonly Series[]): number | null {
  const callsOf = new Map(data.map(({ name, calls }) => [name, calls]))
  let [sent, seen] = [0, 0]
  for (const { labels, lately } of series) {
    const count = countOf(measured, lately)
    sent += count
    seen += Math.min(count, callsOf.get(labels['query'] ?? '') ?? 0)
  }
  return sent === 0 ? null : seen / sent
}
