/**
 * Materialized views that record their age and cost nothing while their sources stay unchanged.
 *
 * Guarantee: a refresh never blocks a reader, because it is concurrent; only the first population of an empty view is
 * not. A view whose sources have no new writes is skipped after one read of counters, and that read renews `asOf`.
 * The next run finds a write that commits during a refresh. Every refresh records its duration and rows. Once a day a
 * skipped view is compared with its query, one view a transaction. A change that no trigger counted is then found, reported
 * and repaired: for example a session without triggers, a dropped partition, a rebuild. There are three exceptions. A view
 * whose refresh takes 2 s or more is not compared, nor is a column of floating-point numbers. A counted write that
 * refreshes the view before the comparison repairs the change, and nobody learns of it.
 * How a caller loses: at once, outcome `busy`, when another run is refreshing that view.
 * The caller must declare the view with `materializedView` and each of its sources with `countedSource`
 * (schema/kit/materialized.ts; a source without counters is refreshed every time); stay at read committed; keep the
 * refresh under the role's statement timeout. Driver: any; one round trip for any number of views.
 */
import { type SQL, sql } from 'drizzle-orm'
import { answer } from './idempotency.ts'
import { named, type Statement } from './named.ts'

export type Refreshed = {
  view: string
  outcome: 'refreshed' | 'skipped' | 'busy'
  rows: number | null
  durationMs: number | null
  asOf: string | null
}

/** The rows of core.refresh_view for these views, one after the other. */
export function refreshOf(views: readonly string[]): SQL {
  return sql`(
  select refreshed.*
  from unnest(${sql.param(views)}::text[]) with ordinality named (view, place)
  cross join lateral core.refresh_view(named.view) refreshed
  order by named.place
)`
}

/** A row source: until when the view equals its sources, as `confirmed_at`. No row before the first refresh. */
export function lastRefreshOf(view: string): SQL {
  return sql`(
  select confirmed_at
  from core.view_refreshes
  where view = ${view}
  order by id desc
  limit 1
)`
}

/** `refreshes` is a set of rows of core.refresh_view. The job counts as skipped when every view was skipped. */
export function refreshed(verb: string, refreshes: SQL): Statement {
  return named(verb)`
with looked as materialized (
  select *
  from ${refreshes} refreshes
)
select ${answer(sql`jsonb_build_object(
  'rows', count(*) filter (where outcome = 'refreshed'),
  'outcome', case when bool_or(outcome = 'refreshed') then 'ok' else 'skipped' end,
  'views', jsonb_agg(jsonb_build_object(
    'view', view, 'outcome', outcome, 'rows', rows, 'durationMs', duration_ms, 'asOf', core.iso(as_of)
  ))
)`)}
from looked`
}
