import { type SQL, sql } from 'drizzle-orm'

type Span = { from: SQL; to: SQL }

/** A condition for `q`, a row of core.query_stats: it counts work of this span. */
export function within({ from, to }: Span): SQL {
  // An hour that was folded belongs to the window in which it begins.
  return sql`q.begins >= date_bin('5 minutes', ${from}, 'epoch') and q.begins < ${to}`
}

/** The columns of one row of the list, over `withFigures`. `minutes` is the length of the window. */
export function shownFigures(minutes: SQL): SQL {
  // With a lognormal distribution of mean m and variance v: sigma² = ln(1 + v / m²), mu = ln(m) - sigma² / 2.
  return sql`jsonb_build_object(
    'name', n.name,
    'calls', s.calls,
    'perMinute', s.calls / ${minutes},
    'totalMs', s.total_ms,
    'share', coalesce(s.total_ms / nullif(n.whole_ms, 0), 0),
    'meanMs', s.total_ms / s.calls,
    'serverP95Ms', case when s.total_ms > 0 then exp(
      ln(s.total_ms / s.calls) - spread.sigma2 / 2 + 1.6448536 * sqrt(spread.sigma2)
    ) end,
    'p95Ms', null,
    'rows', s.rows,
    'hitRatio', s.hit / nullif(s.hit + s.read, 0),
    'tempBytes', s.temp_bytes,
    'walBytes', s.wal_bytes,
    'resets', s.resets,
    'was', case when e.calls > 0 then jsonb_build_object(
      'perMinute', e.calls / ${minutes}, 'meanMs', e.total_ms / e.calls
    ) end,
    'trend', s.total_ms / s.calls / nullif(e.total_ms / nullif(e.calls, 0), 0)
  )`
}

/**
 * The row source of the list: each of `names`, rows of `name` and of `whole_ms`, the time of all names, with `s`, its
 * statistics of this window, and `e`, those of a week before. A name without work in the window has no row.
 */
export function withFigures(names: SQL, { from, to }: Span): SQL {
  // Both kinds of rows are named, so that each is a range of the primary key.
  const of = (span: Span) => sql`q.name = n.name and q.minutes in (5, 60) and ${within(span)}`
  const week = sql`interval '7 days'`
  return sql`${names} n
cross join lateral (
  select sum(q.calls)::float8 as calls, sum(q.total_ms) as total_ms, sum(q.squares_ms) as squares_ms,
    sum(q.rows)::float8 as rows, sum(q.blocks_hit)::float8 as hit, sum(q.blocks_read)::float8 as read,
    sum(q.temp_bytes)::float8 as temp_bytes, sum(q.wal_bytes)::float8 as wal_bytes, sum(q.resets)::int as resets
  from core.query_stats q
  where ${of({ from, to })}
  having count(*) > 0
) s
cross join lateral (
  select sum(q.calls)::float8 as calls, sum(q.total_ms) as total_ms
  from core.query_stats q
  where ${of({ from: sql`${from} - ${week}`, to: sql`${to} - ${week}` })}
) e
cross join lateral (
  select ln(1 + greatest(s.squares_ms / s.calls - (s.total_ms / s.calls) ^ 2, 0)
    / nullif((s.total_ms / s.calls) ^ 2, 0)) as sigma2
) spread`
}

/** Why nothing is known, as SQL text; null after a reading that found statements. */
export const whyUnknown = sql`case
  when not exists (select from pg_extension where extname = 'pg_stat_statements')
    then 'The extension pg_stat_statements does not exist: name it in shared_preload_libraries, then create it as the owner'
  when (select r.read_at from core.query_reads r) is null
    then 'No data has been collected yet: the first reading follows within a minute of a running clock'
  when (select r.statements from core.query_reads r) = 0
    then 'Postgres counts no statements: name pg_stat_statements in shared_preload_libraries, see npm run -s db:tune'
end`
