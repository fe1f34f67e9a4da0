import { sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { named } from '../../core/named.ts'
import type { Gauge } from '../../core/watch.ts'
import { newestRuns } from '../jobs/newest.ts'
import { poolSize } from '../rules.ts'

/** Reads the figures of Postgres about itself, its jobs, its alerts, its views and its outbox. An unknown value has no row. */
export async function readGauges(ctx: Ctx, jobs: readonly string[]): Promise<Gauge[]> {
  const gauges = await ctx.db.query<Gauge>(named('ops.read-gauges')`
with sessions as materialized (
  select * from core.show_sessions() where kind = 'client backend'
),
tables as materialized (
  select schemaname, sum(coalesce(idx_scan, 0)) as index_scans, sum(coalesce(seq_scan, 0)) as seq_scans
  from pg_stat_user_tables
  group by schemaname
)
select name, label, value::float8 as value
from (
  select 'db_connections' as name, coalesce(state, 'unknown') as label, count(*)::numeric as value
  from sessions
  group by state
  union all
  select 'db_connections_available', null, current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int - current_setting('reserved_connections')::int
  union all
  select 'db_index_scans_total', schemaname, index_scans from tables
  union all
  select 'db_seq_scans_total', schemaname, seq_scans from tables
  union all
  select 'db_buffer_hit_ratio', null, blks_hit::numeric / nullif(blks_hit + blks_read, 0)
  from pg_stat_database
  where datname = current_database()
  union all
  select 'db_xmin_age_seconds', null, coalesce(max(extract(epoch from now() - transaction_at)), 0) from sessions
  union all
  select 'db_blocked_sessions', null, count(*) filter (where waits_for_lock) from sessions
  union all
  select 'job_last_success_age_seconds', j.job, extract(epoch from now() - greatest(ok.finished_at, skipped.finished_at))
  from unnest(${sql.param(jobs)}::text[]) j (job)
  left join lateral (${newestRuns({ job: sql`j.job`, outcome: 'ok', limit: 1 })}) ok on true
  left join lateral (${newestRuns({ job: sql`j.job`, outcome: 'skipped', limit: 1 })}) skipped on true
  union all
  select 'alerts_firing', s.severity, count(a.id)
  from (values ('warning'), ('critical')) s (severity)
  left join core.alerts a on a.severity = s.severity and a.state = 'firing' and a.ended_at is null
  group by s.severity
  union all
  select 'view_age_seconds', v.view, v.age_seconds from core.get_views_refresh_status() v
  union all
  select 'outbox_lag_seconds', split_part(p.name, ':', 1), coalesce(extract(epoch from now() - (
    select e.created_at
    from core.outbox e
    where (e.xid, e.seq) > (p.xid, p.seq)
    order by e.xid, e.seq
    limit 1
  )), 0)
  from core.feed_positions p
  where split_part(p.name, ':', 2) = 'outbox'
    and split_part(p.name, ':', 1) <> 'removed'
) gauges
where value is not null`)
  return [...gauges, ...poolOf(ctx, gauges)]
}

function poolOf({ env }: Ctx, gauges: readonly Gauge[]): Gauge[] {
  const available = gauges.find(({ name }) => name === 'db_connections_available')?.value
  if (available === undefined) return []
  const pooled = /-pooler\./.test(new URL(env.DATABASE_URL).hostname)
  const value = poolSize({ max: available, available, pooled })
  return [{ name: 'db_connections_pool_size', label: null, value }]
}
