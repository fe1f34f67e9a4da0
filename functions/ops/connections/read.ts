import type { Ctx } from '../../core/context.ts'
import { readGathered, sumOf } from '../../core/gather.ts'
import { named } from '../../core/named.ts'
import { connectionSum, neededConnections, poolSize } from '../rules.ts'
import type { Connections } from './contract.ts'

const statements = 'db_query_duration_seconds'

type Found = {
  asOf: string
  max: number
  reserved: number
  used: number
  oldest: number | null
  groups: Connections['groups']
}

/** How many connections Postgres has, who uses them, and how many the Worker may use. */
export async function readConnections(ctx: Ctx): Promise<Connections> {
  const [[found], needed] = await Promise.all([readFound(ctx), readNeed(ctx)])
  if (found === undefined) throw new Error('Postgres returned no row of its settings')
  const { asOf, max, reserved, used, oldest, groups } = found
  const available = max - reserved
  const pooled = /-pooler\./.test(new URL(ctx.env.DATABASE_URL).hostname)
  const size = poolSize({ max, available, pooled })
  return {
    asOf,
    sum: connectionSum({ available, pool: size, used, need: needed.need }),
    maxConnections: max,
    reserved,
    available,
    pool: { size, pooled },
    ...needed,
    used,
    usedShare: used / available,
    oldestTransactionSeconds: oldest,
    groups,
  }
}

function readFound(ctx: Ctx): Promise<Found[]> {
  return ctx.db.query<Found>(named('ops.read-connections')`
with sessions as materialized (
  select * from core.show_sessions() where kind in ('client backend', 'walsender')
),
groups as (
  select role, application, state, count(*)::int as count
  from sessions
  group by role, application, state
)
select
  core.iso(now()) as "asOf",
  current_setting('max_connections')::int as max,
  current_setting('superuser_reserved_connections')::int + current_setting('reserved_connections')::int as reserved,
  (select count(*)::int from sessions where kind = 'client backend') as used,
  (select max(extract(epoch from now() - transaction_at))::float8 from sessions) as oldest,
  (
    select coalesce(jsonb_agg(to_jsonb(g) order by g.count desc, g.role, g.application, g.state), '[]')
    from (select * from groups order by count desc limit 100) g
  ) as groups`)
}

/** Isolates count the time of each statement, so their sum in a second is the number of connections that were held. */
async function readNeed(ctx: Ctx): Promise<Pick<Connections, 'need' | 'why'>> {
  const gathered = await readGathered(ctx, { names: [statements], minutes: 5 })
  if (!gathered.known) return { need: null, why: gathered.why }
  const { asOf, since, series } = gathered
  const [held = 0] = sumOf(series, statements)?.lately ?? []
  const within = Math.max(1, (asOf.getTime() - since.getTime()) / 1_000)
  return { need: neededConnections({ held, within }), why: null }
}
